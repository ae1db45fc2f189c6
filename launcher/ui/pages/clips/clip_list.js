// A list of thousands of clips of which only the rows in view are on the page; the server gives them as they are needed.
import { longList } from "long_list";

const ROW = 44;
export default {
  mixins: [longList(ROW, 20)],
  template: `
    <div class="clip-list" ref="box" role="listbox" tabindex="0" :aria-label="label"
      :aria-activedescendant="rows[current] ? id_ + '-' + current : null" @scroll="look" @keydown="moved">
      <div class="clip-list-all" role="presentation" :style="{ height: total * 44 + 'px' }">
        <div v-for="n in seen" :key="n" :id="id_ + '-' + n" role="option" :aria-selected="String(n === current)"
          :aria-posinset="n + 1" :aria-setsize="total" class="clip-list-row" :class="{ current: n === current }"
          :style="{ top: n * 44 + 'px' }" @click="pick(n)">
          <template v-if="rows[n]">
            <span class="mono small">{{ rows[n].short }}</span>
            <span class="figure small soft">{{ rows[n].length }}</span>
            <span class="clip-list-text" :class="{ soft: !rows[n].text }">{{ rows[n].text || "no transcript yet" }}</span>
            <span v-if="rows[n].remark" class="badge badge-warning">{{ rows[n].remark }}</span>
          </template>
        </div>
      </div>
    </div>
  `,
  props: { current: Number },
  data() {
    return { id_: "clips-" + Math.random().toString(36).slice(2) };
  },
  watch: {
    version() {
      this.asked = "";
      this.look();
    },
    current(next) {
      this.reveal(next);
    },
  },
  mounted() {
    this.look();
    this.reveal(this.current);
  },
  methods: {
    pick(n) {
      if (n >= 0 && n < this.total) this.$emit("pick", n);
    },
    moved(event) {
      const page = Math.max(1, Math.floor(this.$refs.box.clientHeight / ROW) - 1);
      const to = {
        ArrowDown: this.current + 1, ArrowUp: this.current - 1, PageDown: Math.min(this.total - 1, this.current + page),
        PageUp: Math.max(0, this.current - page), Home: 0, End: this.total - 1,
      }[event.key];
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.pick(to);
    },
    reveal(n) {
      const box = this.$refs.box;
      if (n * ROW < box.scrollTop) box.scrollTop = n * ROW;
      else if ((n + 1) * ROW > box.scrollTop + box.clientHeight) box.scrollTop = (n + 1) * ROW - box.clientHeight;
    },
    focusUnlessTyping() {
      if (!window.launcherIsTyping()) this.$refs.box.focus({ preventScroll: true });
    },
  },
};
