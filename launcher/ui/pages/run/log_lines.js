// A log of a hundred thousand lines of which only those in view are on the page. It follows its end until one scrolls up.
import { longList } from "long_list";

const ROW = 20;
export default {
  mixins: [longList(ROW, 40)],
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
  props: { words: Array },
  data() {
    return { follows: true };
  },
  computed: {
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
  },
  methods: {
    scrolled() {
      const box = this.$refs.box;
      this.follows = box.scrollTop + box.clientHeight >= box.scrollHeight - 2 * ROW;
      this.look();
    },
    resize() {
      if (this.follows) this.to_end();
      else this.look();
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
