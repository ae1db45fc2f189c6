// A list to choose from with a field to search it: arrows move, Enter chooses, the text of strangers stays text.
const MOST_SHOWN = 100;
const NAME = /^(?:([A-Za-z0-9][\w.-]*)\/)?([A-Za-z0-9][\w.-]{0,80})$/;
export default {
  template: `
    <div class="picker">
      <input ref="search" class="input" type="text" role="combobox" aria-expanded="true" aria-autocomplete="list"
        autocomplete="off" spellcheck="false" autofocus v-model="typed" :aria-label="label" :placeholder="placeholder"
        :aria-controls="list" :aria-activedescendant="shown.length ? list + '-' + at : null" @keydown="moved" />
      <p class="hint" role="status">{{ count }}</p>
      <ul v-show="shown.length" class="picker-list" role="listbox" :id="list" :aria-label="label" tabindex="-1">
        <li v-for="(one, i) in shown" :key="one.value" :id="list + '-' + i" class="picker-row" role="option"
          :class="{ current: i === at }" :aria-selected="i === at ? 'true' : 'false'" @click="clicked(i)"
          @dblclick="choose">
          <span class="picker-head"><span class="picker-title">{{ one.title }}</span>
            <span v-if="one.best" class="badge badge-good">fits best</span>
            <span v-for="mark in one.marks" :key="mark" class="badge">{{ mark }}</span></span>
          <span v-if="one.detail" class="picker-detail">{{ one.detail }}</span>
          <span v-if="one.reason" class="picker-detail">{{ one.reason }}</span>
        </li>
      </ul>
      <div v-if="!atOnce && shown.length" class="picker-closer">
        <slot></slot>
        <button type="button" class="btn btn-primary" @click="choose">Use {{ shown[at].title }}</button>
      </div>
    </div>
  `,
  props: {
    label: String, placeholder: String, options: { type: Array, default: () => [] },
    makes: { type: Array, default: () => [] }, atOnce: Boolean,
  },
  data() {
    return { typed: "", at: 0, timer: null };
  },
  computed: {
    list() {
      return "picker-" + this.$.uid;
    },
    folded() {
      return this.options.map((one) => fold([one.value, one.title, one.detail, ...one.marks, one.words].join(" ")));
    },
    hits() {
      const words = fold(this.typed).split(/\s+/).filter(Boolean);
      return this.options.filter((_, i) => words.every((word) => this.folded[i].includes(word)));
    },
    made() {
      const found = NAME.exec(this.typed.trim());
      if (!found) return [];
      return this.makes
        .filter((owner) => !found[1] || owner.toLowerCase() === found[1].toLowerCase())
        .map((owner) => owner + "/" + found[2])
        .filter((value) => !this.options.some((one) => one.value.toLowerCase() === value.toLowerCase()))
        .map((value) => ({ value, title: "New private repo " + value, marks: ["new"],
          detail: "Created when the run starts." }));
    },
    shown() {
      return [...this.hits.slice(0, MOST_SHOWN), ...this.made];
    },
    count() {
      const all = this.options.length;
      if (!this.typed) return all > MOST_SHOWN ? `The first ${MOST_SHOWN} of ${all}. Type to find others.` : "";
      if (this.hits.length > MOST_SHOWN) return `The first ${MOST_SHOWN} of ${this.hits.length} found.`;
      return `${this.hits.length} of ${all} entries found.`;
    },
  },
  watch: {
    typed() {
      this.go(0);
    },
    options() {
      this.typed = "";
      this.go(0);
    },
  },
  mounted() {
    this.$refs.search.focus();
    this.look(0);
  },
  beforeUnmount() {
    clearTimeout(this.timer);
  },
  methods: {
    go(to) {
      this.at = Math.max(0, Math.min(to, this.shown.length - 1));
      this.$nextTick(() => document.getElementById(this.list + "-" + this.at)?.scrollIntoView({ block: "nearest" }));
      this.look(200);
    },
    look(wait) {
      clearTimeout(this.timer);
      if (this.atOnce) return;
      this.timer = setTimeout(() => this.shown.length && this.$emit("look", this.shown[this.at].value), wait);
    },
    moved(event) {
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
      if ((event.altKey && event.key === "ArrowUp") || (event.key === "Backspace" && !this.typed)) {
        this.$emit("up");
      } else if (event.key in steps) this.go(this.at + steps[event.key]);
      else if (event.key === "Enter") this.choose();
      else return;
      event.preventDefault();
    },
    clicked(i) {
      this.go(i);
      if (this.atOnce) this.choose();
      this.$refs.search.focus({ preventScroll: true });
    },
    choose() {
      if (this.shown.length) this.$emit("pick", this.shown[this.at].value);
    },
  },
};

function fold(text) {
  return String(text || "").toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
}
