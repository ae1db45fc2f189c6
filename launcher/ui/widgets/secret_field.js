// A field for a key. What is typed stays here until it is used: no message while typing, none for "Show",
// one message on use, and then the field is empty again.
export default {
  template: `
    <div class="secret">
      <label class="field-label" :for="inputId">{{ label }}</label>
      <div class="secret-row">
        <input :id="inputId" ref="input" v-model="text" :type="shown ? 'text' : 'password'"
          class="input mono" :name="randomName" :placeholder="placeholder" autocomplete="new-password"
          autocapitalize="off" autocorrect="off" spellcheck="false" data-1p-ignore data-lpignore="true"
          data-bwignore data-form-type="other" :aria-describedby="hint ? inputId + '-hint' : null"
          @keydown.enter.prevent="use" />
        <button type="button" class="btn" :aria-label="(shown ? 'Hide ' : 'Show ') + label" @click="shown = !shown">
          {{ shown ? "Hide" : "Show" }}
        </button>
        <button type="button" class="btn btn-primary" :disabled="!text.trim()" :aria-label="action + ': ' + label"
          @click="use">{{ action }}</button>
      </div>
      <p v-if="hint" :id="inputId + '-hint'" class="hint">{{ hint }}</p>
      <p v-if="problem" class="error-text" role="alert">{{ problem }}</p>
    </div>
  `,
  props: { label: String, hint: String, placeholder: String, action: String },
  data() {
    return {
      text: "",
      shown: false,
      problem: "",
      inputId: "secret-" + Math.random().toString(36).slice(2),
      randomName: "f" + Math.random().toString(36).slice(2),
    };
  },
  mounted() {
    window.addEventListener("pagehide", this.wipe); // else the back-forward cache would keep it
  },
  beforeUnmount() {
    window.removeEventListener("pagehide", this.wipe);
    this.wipe();
  },
  methods: {
    wipe() {
      this.text = "";
      this.shown = false;
      if (this.$refs.input) this.$refs.input.value = "";
    },
    use() {
      const value = this.text.trim();
      if (!value) return;
      // Without a connection the message would wait in the sender's buffer, in the page.
      if (!window.socket || !window.socket.connected) {
        this.problem = "The connection to the launcher is lost; nothing was sent. Try again in a moment.";
        return;
      }
      this.problem = "";
      this.$emit("secret", value);
      this.wipe();
    },
  },
};
