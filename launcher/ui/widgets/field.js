// One input with its label, unit, help, error and origin. The page keeps what is being typed; the server hears of
// it after a short rest or on leaving the field, and never writes over a field that is being edited. What was typed
// and is not used yet outlives the page: see typed_text.js.
import { forgetTyped, keepTyped, readTyped } from "typed_text";

export default {
  template: `
    <div class="field" :class="['field-' + kind, { 'has-error': error }]" @keydown.f1="help"
      @keydown.esc="about && help($event)" @keydown.alt.down="open">
      <div class="field-head" v-if="kind !== 'switch'">
        <component :is="kind === 'choice' ? 'span' : 'label'" class="field-label" :id="id_ + '-label'"
          :for="kind === 'choice' ? null : id_">{{ label }}<span v-if="required" class="required"> (needed)</span>
        </component>
        <span v-if="origin" class="origin">{{ origin }}</span>
        <button v-if="helpHref" type="button" tabindex="-1" class="help-mark" :aria-label="'Help on ' + label"
          :aria-expanded="String(!!about)" title="F1 in the field" @click="help"><span aria-hidden="true">?</span></button>
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
      <div v-if="helpHref" role="status">
        <div v-if="about" class="field-help" :id="id_ + '-help'">
          <p v-for="line in about.lines" :key="line">{{ line }}</p>
          <a :href="helpHref">More under Help</a>
        </div>
      </div>
      <div v-if="keeps" role="status">
        <p v-if="restored" class="field-restored">Restored what you had typed.
          <button type="button" class="btn btn-quiet" @click="putBack(restored.before)">Undo</button></p>
        <p v-else-if="offered !== null" class="field-restored">You had typed something else here: “{{ short(offered) }}”
          <button type="button" class="btn btn-quiet" @click="putBack(offered)">Put it back</button>
          <button type="button" class="btn btn-quiet" @click="forget">Drop it</button></p>
      </div>
    </div>
  `,
  props: {
    opens: Boolean, kind: { type: String, default: "text" }, name: String, label: String, unit: String, hint: String, error: String,
    value: null, options: { type: Array, default: () => [] }, suggestions: { type: Array, default: () => [] },
    origin: String, helpHref: String, placeholder: String, disabled: Boolean, required: Boolean, mono: Boolean,
    rows: { type: Number, default: 3 }, wait: { type: Number, default: 250 }, draftOf: { type: String, default: "" }, isDraft: Boolean, kept: Array,
  },
  data() {
    return {
      text: this.asText(this.value), on: this.value === true, editing: false, sent: this.value, timer: null,
      about: null, restored: null, offered: null,
    };
  },
  computed: {
    id_() {
      return "field-" + this.name;
    },
    keeps() {
      return ["text", "number", "area"].includes(this.kind);
    },
    place() {
      return `${this.name}:${this.draftOf}`;
    },
    described() {
      const ids = [];
      if (this.unit) ids.push(this.id_ + "-unit");
      if (this.hint) ids.push(this.id_ + "-hint");
      if (this.error) ids.push(this.id_ + "-error");
      if (this.about) ids.push(this.id_ + "-help");
      return {
        "aria-describedby": ids.length ? ids.join(" ") : null,
        "aria-invalid": this.error ? "true" : null,
        "aria-required": this.required ? "true" : null,
        "aria-keyshortcuts": [this.helpHref && "F1", this.opens && "Alt+ArrowDown"].filter(Boolean).join(" ") || null,
      };
    },
  },
  watch: {
    kept([value]) {
      // It is with the server now, unless more was typed meanwhile.
      if (readTyped(this.place)?.text === this.asText(value)) forgetTyped(this.place);
    },
    value(next) {
      this.sent = next;
      if (this.editing && this.timer) return;
      if (this.kind === "switch") this.on = next === true;
      else if (!this.editing || this.asText(next) === this.text) this.put(this.asText(next));
    },
  },
  mounted() {
    window.addEventListener("pagehide", this.hurry);
    const typed = this.keeps ? readTyped(this.place) : null;
    if (!typed) return;
    if (typed.text === this.text) return forgetTyped(this.place);
    // Written over since by somebody else: then the newer one stands, and the other is offered.
    if (typed.before !== this.text) this.offered = typed.text;
    else {
      this.restored = typed.isNews ? typed : null;
      this.text = typed.text;
      this.commit();
    }
  },
  beforeUnmount() {
    window.removeEventListener("pagehide", this.hurry);
    this.hurry();
  },
  methods: {
    asText(value) {
      return value === null || value === undefined ? "" : String(value);
    },
    short(text) {
      return text.length > 60 ? text.slice(0, 60) + "…" : text;
    },
    put(text) {
      // What was typed and not used is not written over in silence: a button may have set the field.
      const typed = this.isDraft && text !== this.text ? readTyped(this.place) : null;
      if (typed && typed.text === this.text) {
        this.offered = typed.text;
        this.restored = null;
      }
      this.text = text;
    },
    putBack(text) {
      this.text = text;
      this.commit();
      this.forget();
      this.focus();
    },
    forget() {
      forgetTyped(this.place);
      this.restored = this.offered = null;
    },
    soon() {
      this.restored = null;
      if (this.keeps) keepTyped(this.place, this.text, readTyped(this.place)?.before ?? this.asText(this.sent));
      clearTimeout(this.timer);
      this.timer = setTimeout(this.commit, this.wait);
    },
    left() {
      this.editing = false;
      this.hurry();
    },
    hurry() {
      if (this.timer) this.commit();
    },
    async help(event) {
      if (!this.helpHref) return;
      event.preventDefault();
      event.stopPropagation();
      if (this.about) return void (this.about = null);
      const asked = new URL(this.helpHref, window.location.href);
      try {
        const answer = await fetch(`/help-texts/${asked.searchParams.get("topic")}/${asked.hash.slice(1)}`);
        this.about = answer.ok ? await answer.json() : { lines: [] };
      } catch (error) {
        this.about = { lines: ["The launcher does not answer."] };
      }
    },
    open(event) {
      const opener = this.$el.querySelector(".field-opener");
      if (!opener) return;
      event.preventDefault();
      opener.click();
    },
    uncover(scroll) {
      for (let up = this.$el.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
      if (scroll) this.$el.scrollIntoView({ block: "center" });
    },
    reveal() {
      this.uncover(false);
      this.$el.scrollIntoView({ block: "center" });
      this.focus();
    },
    focus() {
      this.$el.querySelector("input, select, textarea")?.focus({ preventScroll: true });
    },
    focusUnlessTyping() {
      if (!window.launcherIsTyping()) this.focus();
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
