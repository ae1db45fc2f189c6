// What tabs of this browser say to one another. A channel reaches pages of this very address alone, in this browser
// alone; it carries no key, and nothing that names a tab to the server.
const KINDS = ["who", "here", "gone", "ask", "grant"];
const LONGEST = 200;
const isText = (value) => value === undefined || (typeof value === "string" && value.length <= LONGEST);

export default {
  template: `<span hidden></span>`,
  props: { calls: String },
  mounted() {
    this.title = null;
    this.channel = new BroadcastChannel("launcher-keys");
    this.channel.onmessage = ({ data }) => {
      if (!data || !KINDS.includes(data.kind) || !isText(data.ask) || !isText(data.grant)) return;
      this.$emit("said", { kind: data.kind, ask: data.ask || "", grant: data.grant || "" });
    };
    this.$emit("ready");
    this.call();
  },
  beforeUnmount() {
    this.channel.close();
  },
  watch: {
    calls() {
      this.call();
    },
  },
  methods: {
    post(message) {
      this.channel.postMessage(message);
    },
    // The browser's row of tabs is where somebody looks for the tab that has to answer.
    call() {
      if (this.calls && this.title === null) {
        this.title = document.title;
        document.title = `${this.calls} · ${this.title}`;
      } else if (!this.calls && this.title !== null) {
        document.title = this.title;
        this.title = null;
      }
    },
  },
};
