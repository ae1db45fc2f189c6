// One input with its label, unit, help, error and origin. The page keeps what is being typed; the server hears of
// it after a short rest or on leaving the field, and never writes over a field that is being edited.
export default {
  template: `
    <div class="field" :class="['field-' + kind, { 'has-error': error }]">
      <div class="field-head" v-if="kind !== 'switch'">
        <component :is="kind === 'choice' ? 'span' : 'label'" class="field-label" :id="id_ + '-label'"
          :for="kind === 'choice' ? null : id_">{{ label }}<span v-if="required" class="required"> (needed)</span>
        </component>
        <span v-if="origin" class="origin">{{ origin }}</span>
        <a v-if="helpHref" class="help-mark" :href="helpHref" target="_blank" rel="noopener"
          :aria-label="'Help on ' + label"><span aria-hidden="true">?</span></a>
      </div>
      <div class="field-body">
        <select v-if="kind === 'select'" :id="id_" v-model="text" class="input" :disabled="disabled"
          v-bind="described" @change="commit">
          <option v-for="o in options" :key="o.value" :value="o.value">{{ o.label }}</option>
        </select>
        <div v-else-if="kind === 'choice'" class="choice" role="radiogroup" :aria-labelledby="id_ + '-label'"
          :aria-describedby="described['aria-describedby']">
          <label v-for="o in options" :key="o.value" class="choice-item">
            <input type="radio" :name="id_" :value="o.value" v-model="text" :disabled="disabled" @change="commit" />
            <span>{{ o.label }}</span>
          </label>
        </div>
        <textarea v-else-if="kind === 'area'" :id="id_" v-model="text" class="input" :class="{ mono }" :rows="rows"
          :disabled="disabled" :placeholder="placeholder" spellcheck="false" v-bind="described"
          @input="soon" @change="commit" @focus="editing = true" @blur="left"></textarea>
        <label v-else-if="kind === 'switch'" class="switch">
          <input type="checkbox" role="switch" :id="id_" v-model="on" :disabled="disabled" v-bind="described"
            @change="commit" />
          <span class="switch-track" aria-hidden="true"></span><span class="field-label">{{ label }}</span>
        </label>
        <input v-else :id="id_" v-model="text" class="input" :class="{ mono }" type="text"
          :inputmode="kind === 'number' ? 'decimal' : null" :disabled="disabled" :placeholder="placeholder"
          autocomplete="off" spellcheck="false" :list="suggestions.length ? id_ + '-list' : null" v-bind="described"
          @input="soon" @change="commit" @keydown.enter="entered" @focus="editing = true" @blur="left" />
        <datalist v-if="suggestions.length" :id="id_ + '-list'">
          <option v-for="s in suggestions" :key="s" :value="s"></option>
        </datalist>
        <span v-if="unit" class="unit" :id="id_ + '-unit'">{{ unit }}</span>
        <slot></slot>
      </div>
      <p v-if="hint" class="hint" :id="id_ + '-hint'">{{ hint }}</p>
      <p v-if="error" class="error-text" :id="id_ + '-error'">{{ error }}</p>
    </div>
  `,
  props: {
    kind: { type: String, default: "text" }, name: String, label: String, unit: String, hint: String, error: String,
    value: null, options: { type: Array, default: () => [] }, suggestions: { type: Array, default: () => [] },
    origin: String, helpHref: String, placeholder: String, disabled: Boolean, required: Boolean, mono: Boolean,
    rows: { type: Number, default: 3 }, wait: { type: Number, default: 250 },
  },
  data() {
    return { text: this.asText(this.value), on: this.value === true, editing: false, sent: this.value, timer: null };
  },
  computed: {
    id_() {
      return "field-" + this.name;
    },
    described() {
      const ids = [];
      if (this.unit) ids.push(this.id_ + "-unit");
      if (this.hint) ids.push(this.id_ + "-hint");
      if (this.error) ids.push(this.id_ + "-error");
      return {
        "aria-describedby": ids.length ? ids.join(" ") : null,
        "aria-invalid": this.error ? "true" : null,
        "aria-required": this.required ? "true" : null,
      };
    },
  },
  watch: {
    value(next) {
      this.sent = next;
      if (this.editing && this.timer) return;
      if (this.kind === "switch") this.on = next === true;
      else if (!this.editing || this.asText(next) === this.text) this.text = this.asText(next);
    },
  },
  beforeUnmount() {
    clearTimeout(this.timer);
  },
  methods: {
    asText(value) {
      return value === null || value === undefined ? "" : String(value);
    },
    soon() {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.commit, this.wait);
    },
    left() {
      this.editing = false;
      if (this.timer) this.commit();
    },
    uncover(scroll) {
      for (let up = this.$el.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
      if (scroll) this.$el.scrollIntoView({ block: "center" });
    },
    reveal() {
      this.uncover(false);
      this.$el.scrollIntoView({ block: "center" });
      this.$el.querySelector("input, select, textarea")?.focus({ preventScroll: true });
    },
    focus() {
      this.$el.querySelector("input, select, textarea")?.focus({ preventScroll: true });
    },
    entered() {
      this.commit();
      this.$emit("enter");
    },
    commit() {
      clearTimeout(this.timer);
      this.timer = null;
      const value = this.kind === "switch" ? this.on : this.text;
      if (value === this.sent) return;
      this.sent = value;
      this.$emit("commit", value);
    },
  },
};
