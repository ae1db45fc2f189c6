// Lines over steps or over time. The server sends what is new; smoothing, scale and looking closer happen here, so
// that nothing is drawn anew on its account. Plots of one group show their values at the same moment.
import { AT, STEP, VALUE, elapsed, logTicks, path, smoothed, ticks, words } from "plot_scales";

const groups = new Map();
const EDGE = { left: 50, right: 12, top: 8, bottom: 22 };
const ROWS_OF_TABLE = 20;
const SOME_LINES = 10;
export default {
  template: `
    <div class="plot" :class="{ 'plot-small': small }">
      <div v-if="legend" class="plot-legend" role="group" :aria-label="'Lines of ' + label">
        <button v-for="line in listed" :key="line.key" type="button" class="plot-line" :aria-pressed="String(line.on)"
          @click="$emit('toggle', line.key)">
          <svg width="18" height="10" aria-hidden="true"><line x1="0" x2="18" y1="5" y2="5" class="plot-stroke"
            :class="'plot-' + line.colour" :stroke-dasharray="dash(line)" /></svg>
          <span class="plot-title">{{ line.title }}</span> <span class="figure plot-value">{{ value(line) }}</span>
        </button>
        <button v-if="lines.length > some" type="button" class="plot-line" @click="all = !all"
          :aria-expanded="String(all)">{{ all ? "Fewer" : (lines.length - listed.length) + " more" }}</button>
      </div>
      <div class="plot-area" ref="area" :style="{ height: height + 'px' }">
        <div class="plot-picture" role="img" :aria-label="label">
          <svg :width="width" :height="height" aria-hidden="true">
            <defs><clipPath :id="id_"><rect :x="edge.left" y="0" :width="inner + 8" :height="height - edge.bottom + 6" /></clipPath></defs>
            <g class="plot-grid">
              <line v-for="t in drawn.down" :key="'y' + t.at" :x1="edge.left" :x2="width - edge.right" :y1="t.at" :y2="t.at" />
              <text v-for="t in drawn.down" :key="'v' + t.at" :x="edge.left - 8" :y="t.at + 4" text-anchor="end">{{ t.words }}</text>
              <text v-for="t in drawn.across" :key="'x' + t.at" :x="t.at" :y="height - 5" :text-anchor="t.anchor">{{ t.words }}</text>
            </g>
            <g :clip-path="'url(#' + id_ + ')'">
              <path v-for="p in drawn.paths" :key="p.key" :d="p.d" class="plot-stroke" :class="p.classes"
                :stroke-dasharray="p.dash" />
              <circle v-for="m in drawn.marks" :key="m.key" :cx="m.x" :cy="m.y" :r="m.kind === 'sample' ? 3 : 5.5"
                :class="'plot-mark-' + m.kind" />
            </g>
            <g v-if="cursor" class="plot-cursor">
              <line :x1="cursor.x" :x2="cursor.x" :y1="edge.top" :y2="height - edge.bottom" />
              <circle v-for="d in cursor.dots" :key="d.key" :cx="cursor.x" :cy="d.y" r="3.5" :class="'plot-' + d.colour" />
              <text v-if="small" class="plot-said" :x="width - edge.right" :y="height - 4" text-anchor="end">{{ beside }}</text>
            </g>
            <rect v-if="drag" class="plot-drag" :x="Math.min(...drag)" :y="edge.top" :width="Math.abs(drag[1] - drag[0])"
              :height="height - edge.top - edge.bottom" />
          </svg>
        </div>
        <div class="plot-reader" ref="reader" role="slider" tabindex="0" :aria-label="'Values of ' + label" aria-valuemin="0"
          :aria-valuemax="Math.max(0, count - 1)" :aria-valuenow="cursor ? cursor.n : Math.max(0, count - 1)"
          :aria-valuetext="said" @keydown="key" @blur="forget" @pointermove="moved" @pointerleave="forget"
          @pointerdown="pressed" @pointerup="released" @pointercancel="drag = null" @dblclick="closer(null)"></div>
      </div>
      <div v-if="legend" class="plot-foot">
        <span class="figure">{{ cursor ? cursor.where : foot }}</span>
        <button v-if="zoom" type="button" class="btn btn-quiet btn-small" @click="closer(null)">Show all of it</button>
      </div>
      <details v-if="legend" class="more plot-values" @toggle="opened = $event.target.open"><summary>Values</summary>
        <div v-if="opened" class="table-box" tabindex="0" role="region" :aria-label="'Values of ' + label"><table>
          <caption class="sr-only">Values of {{ label }}</caption>
          <thead><tr><th scope="col">{{ axis === "step" ? "Step" : "Time" }}</th><th v-for="l in on" :key="l.key" scope="col"
            class="number">{{ l.title }}</th></tr></thead>
          <tbody><tr v-for="r in table" :key="r.n"><td class="figure">{{ r.where }}</td><td v-for="(v, n) in r.values" :key="n"
            class="number">{{ v }}</td></tr></tbody>
        </table></div>
      </details>
    </div>
  `,
  props: {
    label: String, lines: { type: Array, default: () => [] }, marks: { type: Array, default: () => [] },
    axis: { type: String, default: "step" }, smoothing: { type: Number, default: 0 },
    scale: { type: String, default: "linear" }, height: { type: Number, default: 240 }, unit: { type: String, default: "" },
    low: Number, high: Number, origin: { type: Number, default: 0 }, legend: { type: Boolean, default: true },
    group: { type: String, default: "" }, foot: { type: String, default: "" },
  },
  data() {
    return { tick: 0, width: 600, at: null, zoom: null, drag: null, opened: false, all: false, some: SOME_LINES,
      id_: "plot-" + Math.random().toString(36).slice(2) };
  },
  created() {
    this.points = new Map(); // by line; too many to be watched one by one
  },
  mounted() {
    this.watcher = new ResizeObserver(() => (this.width = Math.max(160, this.$refs.area.clientWidth)));
    this.watcher.observe(this.$refs.area);
    if (!groups.has(this.group)) groups.set(this.group, new Set());
    groups.get(this.group).add(this);
    this.$emit("ready");
  },
  beforeUnmount() {
    this.watcher.disconnect();
    groups.get(this.group).delete(this);
  },
  computed: {
    small() {
      return !this.legend;
    },
    edge() {
      return this.legend ? EDGE : { left: 38, right: 6, top: 6, bottom: 18 };
    },
    inner() {
      return this.width - this.edge.left - this.edge.right;
    },
    on() {
      return this.lines.filter((line) => line.on);
    },
    listed() {
      return this.all ? this.lines : [...this.lines].sort((a, b) => b.on - a.on).slice(0, SOME_LINES);
    },
    held() {
      this.tick;
      return this.on.map((line) => {
        const points = this.points.get(line.key) || [];
        return { line, points, clear: smoothed(points, points.length > 3 ? this.smoothing : 0) };
      });
    },
    longest() {
      return this.held.reduce((best, one) => (one.points.length > best.length ? one.points : best), []);
    },
    count() {
      return this.longest.length;
    },
    range() {
      if (this.zoom) return this.zoom;
      let low = Infinity, high = -Infinity;
      for (const { points } of this.held)
        for (const point of points) [low, high] = [Math.min(low, this.across(point)), Math.max(high, this.across(point))];
      if (low > high) return [0, 1];
      return low < high ? [low, high] : [low - 0.5, high + 0.5];
    },
    drawn() {
      const isOwn = this.scale === "own" && this.held.length > 1;
      const shared = isOwn ? null : this.reach(this.held);
      const paths = [], byKey = new Map();
      for (const one of this.held) {
        const reach = shared || this.reach([one]);
        const xs = one.points.map((point) => this.x(this.across(point)));
        const y = (value) => this.y(value, reach);
        byKey.set(one.line.key, { ...one, y });
        const draw = (values, classes) =>
          paths.push({ key: one.line.key + classes, d: path(xs, values.map(y)), classes: `plot-${one.line.colour}${classes}`,
            dash: this.dash(one.line) });
        if (this.smoothing && one.points.length > 3) draw(one.points.map((point) => point[VALUE]), " plot-raw");
        draw(one.clear, "");
      }
      return { paths, byKey, across: this.acrossTicks(), down: isOwn ? [] : this.downTicks(shared), marks: this.marked(byKey) };
    },
    cursor() {
      if (this.at === null || !this.count) return null;
      const n = this.nearest(this.longest, this.at);
      const at = this.across(this.longest[n]);
      const dots = [];
      for (const { line, points, clear, y } of this.drawn.byKey.values()) {
        const found = this.nearest(points, this.at);
        if (points.length) dots.push({ key: line.key, title: line.title, colour: line.colour, value: points[found][VALUE], y: y(clear[found]) });
      }
      return { n, x: this.x(at), dots, where: this.where(this.longest[n]) };
    },
    beside() {
      const values = this.cursor.dots.slice(0, 4).map((one) => (this.on.length > 1 ? one.title.replace("GPU ", "") + ": " : "") + words(one.value));
      return `${values.join(", ")} ${this.unit} · ${elapsed(this.at - this.origin)}`;
    },
    said() {
      if (!this.count) return "no values yet";
      const point = this.cursor ? this.longest[this.cursor.n] : this.longest.at(-1);
      const at = point[AT];
      const values = this.held.filter((one) => one.points.length).map(
        ({ line, points }) => `${line.title} ${this.figure(points[this.nearest(points, at)][VALUE])}`);
      return [this.where(point), ...values].join(", ");
    },
    table() {
      const points = this.longest;
      const rows = Math.min(ROWS_OF_TABLE, points.length);
      return Array.from({ length: rows }, (_, row) => {
        const point = points[rows === 1 ? 0 : Math.round((row * (points.length - 1)) / (rows - 1))];
        const values = this.held.map(({ points: own }) =>
          own.length ? this.figure(own[this.nearest(own, point[AT])][VALUE]) : "");
        return { n: row, where: this.where(point), values };
      });
    },
  },
  methods: {
    put(updates) {
      for (const [key, start, points] of updates) {
        const held = this.points.get(key) || [];
        held.length = Math.min(held.length, start);
        held.push(...points);
        this.points.set(key, held);
      }
      this.tick++;
    },
    across(point) {
      return this.axis === "step" ? point[STEP] : point[AT];
    },
    x(value) {
      const [low, high] = this.range;
      return this.edge.left + (this.inner * (value - low)) / (high - low);
    },
    y(value, reach) {
      const [low, high] = reach;
      const isLog = this.scale === "log";
      if (isLog && value <= 0) return NaN;
      const share = isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
      return this.height - this.edge.bottom - share * (this.height - this.edge.top - this.edge.bottom);
    },
    reach(held) {
      // Of the clear lines: a spike of the faint ones does not flatten everything else.
      let low = Infinity, high = -Infinity;
      const [left, right] = this.range;
      for (const { points, clear } of held)
        points.forEach((point, n) => {
          const across = this.across(point), value = clear[n];
          if (across < left || across > right || (this.scale === "log" && value <= 0)) return;
          [low, high] = [Math.min(low, value), Math.max(high, value)];
        });
      if (low > high) [low, high] = this.scale === "log" ? [0.1, 1] : [0, 1];
      if (this.scale === "log") return low < high ? [low / 1.1, high * 1.1] : [low / 2, high * 2];
      const pad = low < high ? (high - low) * 0.08 : Math.abs(low) * 0.1 || 0.5;
      return [this.low ?? low - pad, Math.max(this.high ?? high + pad, (this.low ?? low - pad) + 1e-12)];
    },
    acrossTicks() {
      const isTime = this.axis === "time";
      const from = isTime ? this.origin : 0;
      const [low, high] = this.range.map((one) => one - from);
      return ticks(low, high, Math.max(2, this.inner / 110), isTime).map((one) => {
        const at = this.x(one + from);
        const anchor = at > this.width - 40 ? "end" : "middle";
        return { at, anchor, words: isTime ? elapsed(one) : words(one) };
      });
    },
    downTicks(reach) {
      const most = Math.max(2, (this.height - 30) / 40);
      const found = this.scale === "log" ? logTicks(...reach) : ticks(...reach, most, false);
      return found.map((one) => ({ at: this.y(one, reach), words: words(one) }));
    },
    marked(byKey) {
      const first = this.held.find((one) => one.points.length);
      if (!first) return [];
      const { points, clear, y } = byKey.get(first.line.key);
      return this.marks.map(([kind, step, at]) => {
        const x = this.x(this.across([step, at]));
        return { key: kind + step, kind, x, y: y(clear[this.nearest(points, at)]) };
      }).filter((one) => Number.isFinite(one.y));
    },
    dash(line) {
      return ["", "7 4", "2 3", "9 3 2 3"][line.dash || 0] || null;
    },
    // Lines are told apart by time: it goes on where steps begin again from a checkpoint.
    nearest(points, at) {
      let low = 0, high = points.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (points[middle][AT] < at) low = middle + 1;
        else high = middle;
      }
      return low > 0 && at - points[low - 1][AT] < points[low][AT] - at ? low - 1 : low;
    },
    figure(value) {
      return words(value) + (this.unit ? " " + this.unit : "");
    },
    value(line) {
      const dot = this.cursor && this.cursor.dots.find((one) => one.key === line.key);
      return dot ? this.figure(dot.value) : line.last;
    },
    where(point) {
      const time = new Date(point[AT] * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
      const since = this.origin ? `${elapsed(point[AT] - this.origin)}, ` : "";
      return this.legend ? `Step ${words(point[STEP])}, ${since}${time}` : `${since}${time}`;
    },
    acrossAt(clientX) {
      const [low, high] = this.range;
      const x = clientX - this.$refs.area.getBoundingClientRect().left;
      return low + ((x - this.edge.left) / this.inner) * (high - low);
    },
    moved(event) {
      const wanted = this.acrossAt(event.clientX);
      if (this.drag) this.drag = [this.drag[0], event.clientX - this.$refs.area.getBoundingClientRect().left];
      let best = null, distance = Infinity;
      for (const point of this.longest) {
        const away = Math.abs(this.across(point) - wanted);
        if (away <= distance) [best, distance] = [point, away];
      }
      if (best) this.tell(best[AT]);
    },
    tell(at) {
      for (const one of groups.get(this.group)) one.at = at;
    },
    forget() {
      if (!this.drag) this.tell(null);
    },
    pressed(event) {
      if (event.pointerType === "touch") return; // there it scrolls the page
      const x = event.clientX - this.$refs.area.getBoundingClientRect().left;
      this.drag = [x, x];
      this.$refs.reader.setPointerCapture(event.pointerId);
    },
    released(event) {
      const drag = this.drag;
      this.drag = null;
      if (!drag || Math.abs(drag[1] - drag[0]) < 8) return;
      const left = this.$refs.area.getBoundingClientRect().left;
      this.closer(drag.map((x) => this.acrossAt(x + left)).sort((a, b) => a - b));
      this.moved(event);
    },
    closer(range) {
      this.zoom = range && range[1] > range[0] ? range : null;
    },
    key(event) {
      const now = this.cursor ? this.cursor.n : this.count - 1;
      const page = Math.max(1, Math.round(this.count / 10));
      const moves = { ArrowLeft: now - 1, ArrowRight: now + 1, ArrowDown: now - 1, ArrowUp: now + 1, PageDown: now - page,
        PageUp: now + page, Home: 0, End: this.count - 1 };
      if (event.key === "Escape") {
        this.tell(null);
        this.closer(null);
      } else if (event.key === "+" || event.key === "-") {
        this.near(event.key === "+" ? 0.5 : 2);
      } else if (event.key in moves && this.count) {
        this.tell(this.longest[Math.min(this.count - 1, Math.max(0, moves[event.key]))][AT]);
      } else return;
      event.preventDefault();
    },
    near(times) {
      if (!this.count) return;
      const middle = this.across(this.cursor ? this.longest[this.cursor.n] : this.longest.at(-1));
      const [low, high] = this.range;
      const half = ((high - low) * times) / 2;
      const ends = [this.across(this.longest[0]), this.across(this.longest.at(-1))].sort((a, b) => a - b);
      const range = [Math.max(ends[0], middle - half), Math.min(ends[1], middle + half)];
      this.closer(range[0] <= ends[0] && range[1] >= ends[1] ? null : range);
    },
  },
};
