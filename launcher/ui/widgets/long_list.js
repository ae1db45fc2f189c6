// Thousands of rows of one height, of which only those in view are on the page; the server gives them as they are needed.
const ASKED_ANEW_AFTER = 20;
// `row` is the height in pixels, `spare` how many more rows than in view are drawn on each side: 20 at the least.
export const longList = (row, spare) => ({
  props: { total: Number, version: Number, label: String },
  data() {
    return { rows: {}, first: 0, shown: 60, asked: "" };
  },
  computed: {
    seen() {
      const last = Math.min(this.total, this.first + this.shown);
      return Array.from({ length: Math.max(0, last - this.first) }, (_, n) => this.first + n);
    },
  },
  mounted() {
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(this.$refs.box);
  },
  beforeUnmount() {
    this.resized.disconnect();
  },
  methods: {
    look() {
      const box = this.$refs.box;
      this.first = Math.max(0, Math.floor(box.scrollTop / row) - spare);
      this.shown = Math.ceil(box.clientHeight / row) + 2 * spare;
      const wanted = `${this.version}:${Math.floor(this.first / ASKED_ANEW_AFTER)}:${this.shown}`;
      if (wanted === this.asked) return;
      this.asked = wanted;
      this.$emit("window", { start: this.first, count: this.shown + ASKED_ANEW_AFTER });
    },
    fill(start, rows, version) {
      if (version !== this.version) return;
      const kept = {};
      for (const n of this.seen) if (this.rows[n] && (n < start || n >= start + rows.length)) kept[n] = this.rows[n];
      rows.forEach((one, n) => (kept[start + n] = one));
      this.rows = kept;
    },
    resize() {
      this.look();
    },
  },
});
