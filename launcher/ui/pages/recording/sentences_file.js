// Sends one text file of sentences by a request of its own; what is wrong with it is said beside the button.
export default {
  template: `
    <div class="stack-small">
      <label class="btn" :for="id_">Choose a file…</label>
      <input :id="id_" type="file" accept=".txt,text/plain" class="sr-only" @change="picked" />
      <p v-if="problem" class="error-text" role="alert">{{ problem }}</p>
    </div>
  `,
  props: { url: String, language: String },
  data() {
    return { problem: "", id_: "sentences-" + Math.random().toString(36).slice(2) };
  },
  methods: {
    async picked(event) {
      const file = event.target.files[0];
      event.target.value = "";
      if (!file) return;
      const told = new URLSearchParams({ language: this.language, file: file.name });
      try {
        const answer = await fetch(`${this.url}?${told}`, { method: "PUT", body: file });
        this.problem = answer.ok ? "" : (await answer.json()).detail;
        if (answer.ok) this.$emit("taken");
      } catch (error) {
        this.problem = "The launcher did not answer. Is it still running in its terminal?";
      }
    },
  },
};
