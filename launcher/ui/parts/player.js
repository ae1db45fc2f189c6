// One recording with a name. Starting one stops every other on the page; `sequence` plays several in a row.
const players = (window.launcherPlayers = window.launcherPlayers || new Map());
export default {
  template: `
    <div class="player">
      <button type="button" class="btn btn-round" :aria-label="(playing ? 'Stop ' : 'Play ') + label"
        :disabled="!src" @click="toggle">
        <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="currentColor">
          <path v-if="!playing" d="M8 5.5v13a1 1 0 0 0 1.5.86l10.2-6.5a1 1 0 0 0 0-1.72L9.5 4.64A1 1 0 0 0 8 5.5Z" />
          <path v-else d="M7 7h10v10H7z" />
        </svg>
      </button>
      <span class="player-bar" aria-hidden="true"><span :style="{ width: share + '%' }"></span></span>
      <span class="player-time">{{ time }}</span>
      <audio ref="audio" :src="src" preload="none" @play="started" @pause="playing = false" @ended="ended"
        @timeupdate="moved" @error="failed" />
      <span v-if="problem" class="error-text" role="alert">{{ problem }}</span>
    </div>
  `,
  props: { src: String, label: String, seconds: Number, name: String },
  data() {
    return { playing: false, share: 0, at: 0, problem: "", then: null };
  },
  computed: {
    time() {
      const s = this.playing ? this.at : this.seconds || 0;
      return s ? `${Math.floor(s / 60)}:${String(Math.round(s) % 60).padStart(2, "0")}` : "";
    },
  },
  mounted() {
    players.set(this.name, this);
  },
  beforeUnmount() {
    players.delete(this.name);
  },
  methods: {
    toggle() {
      this.then = null;
      if (this.playing) this.$refs.audio.pause();
      else this.play();
    },
    play() {
      this.problem = "";
      this.$refs.audio.currentTime = 0;
      return this.$refs.audio.play().catch(() => this.failed());
    },
    sequence(names) {
      const [first, ...rest] = names;
      const player = players.get(first);
      if (!player) return;
      player.then = rest;
      player.play();
    },
    started() {
      for (const other of document.querySelectorAll("audio")) if (other !== this.$refs.audio) other.pause();
      this.playing = true;
    },
    moved() {
      const audio = this.$refs.audio;
      this.at = audio.currentTime;
      this.share = audio.duration ? (100 * audio.currentTime) / audio.duration : 0;
    },
    ended() {
      this.playing = false;
      this.share = 0;
      const rest = this.then;
      this.then = null;
      if (rest && rest.length) this.sequence(rest);
    },
    failed() {
      if (this.$refs.audio && this.$refs.audio.error) this.problem = "This recording could not be played.";
      this.playing = false;
    },
  },
};
