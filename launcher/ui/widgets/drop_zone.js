// Takes files and folders and sends each by its own PUT, three at a time; each answer is shown at its file.
// Thousands of files and gigabytes pass without holding them in memory; a page that is left ends what is under way,
// and what the server has already, by path, size and date, is not sent again.
export default {
  template: `
    <div class="drop" :class="{ over }" @dragover.prevent="over = true" @dragleave="over = false"
      @drop.prevent="dropped">
      <p class="drop-title">{{ title }}</p>
      <p class="hint">{{ hint }}</p>
      <div class="row center">
        <label class="btn" :for="id_ + '-files'">Choose files</label>
        <input :id="id_ + '-files'" type="file" multiple class="sr-only" :accept="accept" @change="picked" />
        <label class="btn" :for="id_ + '-folder'">Choose a folder</label>
        <input :id="id_ + '-folder'" type="file" webkitdirectory class="sr-only" @change="picked" />
      </div>
      <div v-if="total" class="drop-state" role="status">
        <progress :value="sentBytes" :max="totalBytes || 1" aria-label="Upload"></progress>
        <p>{{ line }}</p>
        <button v-if="busy" type="button" class="btn" @click="cancel">Stop the upload</button>
      </div>
      <ul v-if="under.length" class="drop-under" aria-hidden="true">
        <li v-for="u in under" :key="u.name"><span>{{ u.name }}</span> <span class="figure">{{ u.percent }} %</span></li>
      </ul>
      <ul v-if="failed.length" class="drop-failed">
        <li v-for="f in failed.slice(0, 20)" :key="f.name">
          <strong>{{ f.name }}</strong> <span class="error-text">{{ f.reason }}</span>
        </li>
        <li v-if="failed.length > 20">and {{ failed.length - 20 }} more</li>
      </ul>
      <button v-if="failed.some((f) => !f.useless) && !busy" type="button" class="btn" @click="retry">Try the failed ones again</button>
    </div>
  `,
  props: { url: String, title: String, hint: String, accept: String },
  data() {
    return {
      over: false, queue: [], running: new Set(), under: [], failed: [], total: 0, done: 0, known: 0, totalBytes: 0,
      doneBytes: 0, moving: 0, id_: "drop-" + Math.random().toString(36).slice(2),
    };
  },
  computed: {
    busy() {
      return this.done + this.failed.length < this.total;
    },
    sentBytes() {
      return Math.min(this.doneBytes + this.moving, this.totalBytes);
    },
    line() {
      const mb = (n) => (n / 1e6).toFixed(n < 1e7 ? 1 : 0);
      const files = this.total === 1 ? "file" : "files";
      const counts = `${this.done} of ${this.total} ${files}, ${mb(this.sentBytes)} of ${mb(this.totalBytes)} MB`;
      const known = this.known ? `, ${this.known} of them were here already` : "";
      const failed = this.failed.length ? `, ${this.failed.length} failed` : "";
      return this.busy ? counts + known : `Sent: ${counts}${known}${failed}`;
    },
  },
  mounted() {
    window.addEventListener("beforeunload", this.askToStay);
  },
  beforeUnmount() {
    window.removeEventListener("beforeunload", this.askToStay);
    this.cancel();
  },
  methods: {
    askToStay(event) {
      if (this.busy) event.preventDefault(); // the browser asks; what is on its way would end half-way
    },
    picked(event) {
      this.add([...event.target.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
      event.target.value = "";
    },
    async dropped(event) {
      this.over = false;
      const entries = [...event.dataTransfer.items].map((i) => i.webkitGetAsEntry && i.webkitGetAsEntry());
      const found = [];
      for (const entry of entries) if (entry) await this.walk(entry, found);
      this.add(found.length ? found : [...event.dataTransfer.files].map((file) => ({ file, name: file.name })));
    },
    async walk(entry, found) {
      if (entry.isFile) {
        const file = await new Promise((yes, no) => entry.file(yes, no));
        found.push({ file, name: entry.fullPath.replace(/^\//, "") });
        return;
      }
      const reader = entry.createReader();
      for (;;) {
        const batch = await new Promise((yes, no) => reader.readEntries(yes, no));
        if (!batch.length) return;
        for (const child of batch) await this.walk(child, found);
      }
    },
    async add(items) {
      const wanted = items.filter((i) => !i.name.split("/").some((part) => part.startsWith(".")));
      if (!this.busy)
        Object.assign(this, { total: 0, done: 0, known: 0, totalBytes: 0, doneBytes: 0, moving: 0, failed: [] });
      this.total += wanted.length;
      this.totalBytes += wanted.reduce((sum, i) => sum + i.file.size, 0);
      const there = await this.there();
      const isThere = (i) => {
        const found = there[i.name];
        return found && found[0] === i.file.size && found[1] === Math.floor(i.file.lastModified / 1000);
      };
      for (const item of wanted) {
        if (!isThere(item)) this.queue.push(item);
        else {
          this.done += 1;
          this.known += 1;
          this.doneBytes += item.file.size;
        }
      }
      this.go();
    },
    async there() {
      try {
        const answer = await fetch(this.url);
        return answer.ok ? await answer.json() : {};
      } catch (error) {
        return {}; // then all is sent, which is only slower
      }
    },
    go() {
      if (!this.queue.length) return this.next();
      for (let n = this.running.size; n < 3; n++) this.next();
    },
    retry() {
      this.queue.push(...this.failed.filter((f) => !f.useless));
      this.failed = this.failed.filter((f) => f.useless);
      this.go();
    },
    cancel() {
      this.failed.push(...this.queue.map((i) => ({ ...i, reason: "stopped" })));
      this.queue = [];
      for (const request of this.running) request.abort();
    },
    next() {
      const item = this.queue.shift();
      if (!item) {
        if (!this.running.size && this.total && !this.busy)
          this.$emit("sent", { done: this.done, lost: this.failed.filter((f) => !f.useless).length });
        return;
      }
      const request = new XMLHttpRequest(); // fetch cannot report how much was sent
      this.running.add(request);
      let last = 0;
      this.under.push({ name: item.name, percent: 0 });
      const shown = this.under[this.under.length - 1];
      request.upload.onprogress = (event) => {
        this.moving += event.loaded - last;
        last = event.loaded;
        shown.percent = Math.floor((100 * last) / (item.file.size || 1));
      };
      request.onloadend = () => {
        this.running.delete(request);
        this.under = this.under.filter((u) => u !== shown);
        this.moving -= last;
        if (request.status >= 200 && request.status < 300) {
          this.done += 1;
          this.doneBytes += item.file.size;
        } else this.failed.push({ ...item, reason: this.reason(request), useless: request.status === 415 });
        this.next();
      };
      request.open("PUT", this.url + "/" + item.name.split("/").map(encodeURIComponent).join("/"));
      request.setRequestHeader("X-Modified-Seconds", String(Math.floor(item.file.lastModified / 1000)));
      request.send(item.file);
    },
    reason(request) {
      if (request.status === 0) return "the connection was lost or the upload stopped";
      return (request.responseText || "refused").slice(0, 200);
    },
  },
};
