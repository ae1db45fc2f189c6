// One recording with a name. Starting one stops every other on the page; `sequence` plays several in a row.
// The sound itself is not part of the page: a table that is drawn anew while it plays takes it up again by its name,
// and the focus of the keyboard with it.
const players = (window.launcherPlayers = window.launcherPlayers || new Map());
const sounds = new Map();
const REDRAWN_MS = 1000;
let focused = "";
export default {
  template: `
    <div class="player">
      <button ref="button" type="button" class="btn btn-round" :aria-label="(playing ? 'Stop ' : 'Play ') + label"
        :disabled="!src" @click="toggle">
        <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="currentColor">
          <path v-if="!playing" d="M8 5.5v13a1 1 0 0 0 1.5.86l10.2-6.5a1 1 0 0 0 0-1.72L9.5 4.64A1 1 0 0 0 8 5.5Z" />
          <path v-else d="M7 7h10v10H7z" />
        </svg>
      </button>
      <span class="player-bar" aria-hidden="true"><span :style="{ width: share + '%' }"></span></span>
      <span class="player-time">{{ time }}</span>
      <span v-if="problem" class="error-text" role="alert">{{ problem }}</span>
    </div>
  `,
  props: { src: String, label: String, seconds: Number, name: String },
  data() {
    return { playing: false, share: 0, at: 0, problem: "" };
  },
  computed: {
    time() {
      const s = this.playing ? this.at : this.seconds || 0;
      return s ? `${Math.floor(s / 60)}:${String(Math.round(s) % 60).padStart(2, "0")}` : "";
    },
  },
  mounted() {
    players.set(this.name, this);
    if (focused === this.name) this.$refs.button.focus();
    if (!sounds.has(this.name)) return;
    this.playing = !this.sound().audio.paused;
    this.moved();
  },
  beforeUnmount() {
    if (this.$refs.button === document.activeElement) focused = this.name;
    if (players.get(this.name) === this) players.delete(this.name);
    setTimeout(() => {
      if (focused === this.name) focused = "";
      if (!sounds.has(this.name) || players.has(this.name)) return;
      sounds.get(this.name).audio.pause();
      sounds.delete(this.name);
    }, REDRAWN_MS);
  },
  methods: {
    sound() {
      const known = sounds.get(this.name);
      if (known && known.src === this.src) return known;
      if (known) known.audio.pause();
      const sound = { src: this.src, audio: new Audio(this.src), then: [] };
      const name = this.name;
      const now = (call) => () => players.has(name) && players.get(name)[call]();
      sound.audio.addEventListener("play", now("started"));
      sound.audio.addEventListener("pause", now("paused"));
      sound.audio.addEventListener("timeupdate", now("moved"));
      sound.audio.addEventListener("ended", now("ended"));
      sound.audio.addEventListener("error", now("failed"));
      sounds.set(name, sound);
      return sound;
    },
    toggle() {
      const sound = this.sound();
      sound.then = [];
      if (this.playing) sound.audio.pause();
      else this.play();
    },
    play() {
      this.problem = "";
      const { audio } = this.sound();
      audio.currentTime = 0;
      return audio.play().catch(() => this.failed());
    },
    sequence(names) {
      const [first, ...rest] = names;
      const player = players.get(first);
      if (!player) return;
      player.sound().then = rest;
      player.play();
    },
    started() {
      for (const [name, other] of sounds) if (name !== this.name) other.audio.pause();
      this.playing = true;
    },
    paused() {
      this.playing = false;
    },
    moved() {
      const { audio } = this.sound();
      this.at = audio.currentTime;
      this.share = audio.duration ? (100 * audio.currentTime) / audio.duration : 0;
    },
    ended() {
      this.playing = false;
      this.share = 0;
      const sound = this.sound();
      const rest = sound.then;
      sound.then = [];
      if (rest.length) this.sequence(rest);
    },
    failed() {
      if (this.sound().audio.error) this.problem = "This recording could not be played.";
      this.playing = false;
    },
  },
};
