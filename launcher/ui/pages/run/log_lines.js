// A log of a hundred thousand lines of which only those in view are on the page. It follows its end until one scrolls up.
const ROW = 20;
const SPARE = 40;
export default {
  template: `
    <div class="log-view" v-show="total">
      <div class="log" ref="box" role="region" tabindex="0" :aria-label="label" @scroll="scrolled">
        <div class="log-all" :style="{ height: total * 20 + 'px' }">
          <div v-for="n in seen" :key="n" class="log-line" :style="{ top: n * 20 + 'px' }">
            <template v-if="rows[n]"><span class="log-at">{{ rows[n].at }}</span><template
              v-for="part in parts(rows[n].text)"><mark v-if="part.hit">{{ part.text }}</mark><template
              v-else>{{ part.text }}</template></template></template>
          </div>
        </div>
      </div>
      <button v-if="!follows" type="button" class="btn btn-small log-newest" @click="to_end">Newest lines</button>
    </div>
  `,
  props: { total: Number, version: Number, words: Array, label: String },
  data() {
    return { rows: {}, first: 0, shown: 60, asked: "", follows: true };
  },
  computed: {
    seen() {
      const last = Math.min(this.total, this.first + this.shown);
      return Array.from({ length: Math.max(0, last - this.first) }, (_, n) => this.first + n);
    },
    hits() {
      const plain = this.words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return plain.length ? new RegExp("(" + plain.join("|") + ")", "gi") : null;
    },
  },
  watch: {
    version() {
      this.asked = "";
      this.$nextTick(() => {
        if (this.follows) this.to_end();
        this.look();
      });
    },
  },
  mounted() {
    this.to_end();
    this.look();
    this.resized = new ResizeObserver(() => (this.follows ? this.to_end() : this.look()));
    this.resized.observe(this.$refs.box);
  },
  beforeUnmount() {
    this.resized.disconnect();
  },
  methods: {
    scrolled() {
      const box = this.$refs.box;
      this.follows = box.scrollTop + box.clientHeight >= box.scrollHeight - 2 * ROW;
      this.look();
    },
    look() {
      const box = this.$refs.box;
      this.first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
      this.shown = Math.ceil(box.clientHeight / ROW) + 2 * SPARE;
      const wanted = `${this.version}:${Math.floor((2 * this.first) / SPARE)}:${this.shown}`;
      if (wanted === this.asked) return;
      this.asked = wanted;
      this.$emit("window", { start: this.first, count: this.shown + SPARE });
    },
    fill(start, rows, version) {
      if (version !== this.version) return;
      const kept = {};
      for (const n of this.seen) if (this.rows[n] && (n < start || n >= start + rows.length)) kept[n] = this.rows[n];
      rows.forEach((row, n) => (kept[start + n] = row));
      this.rows = kept;
    },
    parts(text) {
      if (!this.hits) return [{ text, hit: false }];
      return text.split(this.hits).map((part, n) => ({ text: part, hit: n % 2 === 1 }));
    },
    to_end() {
      const box = this.$refs.box;
      box.scrollTop = box.scrollHeight;
      this.follows = true;
    },
  },
};
