// The sound of one clip: its outline, two handles for what is kept, a mark where it is divided, and its playing.
// Handles are sliders for the keyboard too: arrows move by 10 ms, with Shift by 100 ms.
const FINE = 0.01;
const COARSE = 0.1;
const LEAST = 0.1;
export default {
  template: `
    <div class="clip-sound">
      <div class="wave" ref="wave" @pointerdown="pressed" @pointermove="dragged" @pointerup="released"
        @pointercancel="released">
        <canvas ref="canvas" aria-hidden="true"></canvas>
        <div class="wave-off" aria-hidden="true" :style="{ left: 0, width: share(start) }"></div>
        <div class="wave-off" aria-hidden="true" :style="{ left: share(end), right: 0 }"></div>
        <div class="wave-head" aria-hidden="true" :style="{ left: share(at) }"></div>
        <div v-for="h in handles" :key="h.name" class="wave-handle" :class="'wave-' + h.name" role="slider" tabindex="0"
          :aria-label="h.label" aria-valuemin="0" :aria-valuemax="round(seconds)" :aria-valuenow="round(this[h.name])"
          :aria-valuetext="words(this[h.name])" :style="{ left: share(this[h.name]) }" @keydown="turned($event, h.name)"
          @pointerdown.stop="grabbed($event, h.name)"></div>
      </div>
      <div class="row">
        <button type="button" class="btn" data-key="space" @click="toggle">{{ playing ? "Stop" : "Play" }}</button>
        <button type="button" class="btn btn-quiet" data-key="[" @click="mark('start')">Start here</button>
        <button type="button" class="btn btn-quiet" data-key="]" @click="mark('end')">End here</button>
        <span class="figure small soft">{{ words(start) }} to {{ words(end) }} of {{ words(seconds) }}</span>
      </div>
      <p v-if="problem" class="error-text" role="alert">{{ problem }}</p>
    </div>
  `,
  props: { src: String, peaks: String, seconds: Number, name: String },
  data() {
    return {
      start: 0, end: this.seconds, cut: this.seconds / 2, at: 0, playing: false, held: "", problem: "", points: null,
      handles: [
        { name: "start", label: "Start of the part kept" },
        { name: "cut", label: "Split point" },
        { name: "end", label: "End of the part kept" },
      ],
    };
  },
  watch: {
    src() {
      this.renew();
    },
  },
  mounted() {
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.$refs.wave);
    this.themed = new MutationObserver(() => this.draw());
    this.themed.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.renew();
  },
  beforeUnmount() {
    this.stop();
    this.resized.disconnect();
    this.themed.disconnect();
  },
  methods: {
    async renew() {
      this.stop();
      Object.assign(this, { start: 0, end: this.seconds, cut: this.seconds / 2, at: 0, problem: "", points: null });
      this.told();
      this.audio = new Audio(this.src);
      this.audio.addEventListener("ended", () => this.stop());
      const wanted = this.peaks;
      try {
        const answer = await fetch(wanted);
        if (wanted !== this.peaks) return;
        if (!answer.ok) this.problem = await answer.text();
        else this.points = new Int8Array(await answer.arrayBuffer());
      } catch (error) {
        this.problem = "The outline could not be read.";
      }
      this.draw();
    },
    draw() {
      const canvas = this.$refs.canvas;
      const wave = this.$refs.wave;
      if (!canvas || !wave) return;
      const ratio = window.devicePixelRatio || 1;
      const width = (canvas.width = Math.round(wave.clientWidth * ratio));
      const height = (canvas.height = Math.round(wave.clientHeight * ratio));
      const brush = canvas.getContext("2d");
      brush.clearRect(0, 0, width, height);
      if (!this.points) return;
      brush.fillStyle = getComputedStyle(wave).color;
      const count = this.points.length / 2;
      for (let x = 0; x < width; x++) {
        const from = Math.floor((x * count) / width);
        const to = Math.max(from + 1, Math.floor(((x + 1) * count) / width));
        let low = 127;
        let high = -127;
        for (let n = from; n < to && n < count; n++) {
          low = Math.min(low, this.points[2 * n]);
          high = Math.max(high, this.points[2 * n + 1]);
        }
        const top = (height * (127 - high)) / 254;
        brush.fillRect(x, top, 1, Math.max(1, (height * (high - low)) / 254));
      }
    },
    share(seconds) {
      return `${this.seconds ? (100 * seconds) / this.seconds : 0}%`;
    },
    round(seconds) {
      return Math.round(1000 * seconds) / 1000;
    },
    words(seconds) {
      return `${seconds.toFixed(2)} s`;
    },
    told() {
      this.$emit("marks", { start: this.round(this.start), end: this.round(this.end), cut: this.round(this.cut) });
    },
    put(name, seconds) {
      const most = { start: this.end - LEAST, end: this.seconds, cut: this.seconds }[name];
      const least = { start: 0, end: this.start + LEAST, cut: 0 }[name];
      this[name] = Math.max(Math.min(seconds, Math.max(most, least)), least);
    },
    mark(name) {
      this.put(name, this.at);
      this.told();
    },
    turned(event, name) {
      const step = event.shiftKey ? COARSE : FINE;
      const to = {
        ArrowLeft: this[name] - step, ArrowDown: this[name] - step, ArrowRight: this[name] + step,
        ArrowUp: this[name] + step, PageUp: this[name] + 10 * COARSE, PageDown: this[name] - 10 * COARSE,
        Home: 0, End: this.seconds,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.put(name, to);
      this.told();
    },
    secondsAt(event) {
      const place = this.$refs.wave.getBoundingClientRect();
      return this.seconds * Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
    },
    grabbed(event, name) {
      this.held = name;
      event.currentTarget.focus({ preventScroll: true });
      this.$refs.wave.setPointerCapture(event.pointerId);
    },
    pressed(event) {
      this.at = this.secondsAt(event);
      this.put("cut", this.at);
      if (this.audio && !this.audio.paused) this.audio.currentTime = this.at;
      this.told();
    },
    dragged(event) {
      if (this.held) this.put(this.held, this.secondsAt(event));
    },
    released() {
      if (this.held) this.told();
      this.held = "";
    },
    toggle() {
      if (this.playing) return this.stop();
      if (this.at < this.start || this.at >= this.end - 0.02) this.at = this.start;
      this.audio.currentTime = this.at;
      this.playing = true;
      this.audio.play().then(() => this.follow()).catch(() => {
        this.playing = false;
        if (this.audio.error) this.problem = "This clip could not be played.";
      });
    },
    follow() {
      if (!this.playing) return;
      this.at = this.audio.currentTime;
      if (this.at >= this.end) {
        this.stop();
        this.at = this.end;
        return;
      }
      requestAnimationFrame(() => this.follow());
    },
    stop() {
      this.playing = false;
      if (this.audio) this.audio.pause();
    },
  },
};
