// Takes files and folders and sends each by its own PUT, three at a time; each answer is shown at its file.
// Thousands of files and gigabytes pass without holding them in memory; a page that is left ends what is under way.
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
      <ul v-if="failed.length" class="drop-failed">
        <li v-for="f in failed.slice(0, 20)" :key="f.name">
          <strong>{{ f.name }}</strong> <span class="error-text">{{ f.reason }}</span>
        </li>
        <li v-if="failed.length > 20">and {{ failed.length - 20 }} more</li>
      </ul>
      <button v-if="failed.length && !busy" type="button" class="btn" @click="retry">Try the failed ones again</button>
    </div>
  `,
  props: { url: String, title: String, hint: String, accept: String },
  data() {
    return {
      over: false, queue: [], running: new Set(), failed: [], total: 0, done: 0, totalBytes: 0, doneBytes: 0,
      moving: 0, id_: "drop-" + Math.random().toString(36).slice(2),
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
      const counts = `${this.done} of ${this.total} files, ${mb(this.sentBytes)} of ${mb(this.totalBytes)} MB`;
      return this.busy ? counts : `Sent: ${counts}` + (this.failed.length ? `, ${this.failed.length} failed` : "");
    },
  },
  beforeUnmount() {
    this.cancel();
  },
  methods: {
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
    add(items) {
      const wanted = items.filter((i) => !i.name.split("/").some((part) => part.startsWith(".")));
      if (!this.busy) Object.assign(this, { total: 0, done: 0, totalBytes: 0, doneBytes: 0, moving: 0, failed: [] });
      this.total += wanted.length;
      this.totalBytes += wanted.reduce((sum, i) => sum + i.file.size, 0);
      this.queue.push(...wanted);
      for (let n = this.running.size; n < 3; n++) this.next();
    },
    retry() {
      const again = this.failed;
      this.total -= again.length;
      this.totalBytes -= again.reduce((sum, i) => sum + i.file.size, 0);
      this.failed = [];
      this.total += again.length;
      this.totalBytes += again.reduce((sum, i) => sum + i.file.size, 0);
      this.queue.push(...again);
      for (let n = this.running.size; n < 3; n++) this.next();
    },
    cancel() {
      this.failed.push(...this.queue.map((i) => ({ ...i, reason: "stopped" })));
      this.queue = [];
      for (const request of this.running) request.abort();
    },
    next() {
      const item = this.queue.shift();
      if (!item) {
        if (!this.running.size && this.total && !this.busy) this.$emit("sent", { done: this.done });
        return;
      }
      const request = new XMLHttpRequest(); // fetch cannot report how much was sent
      this.running.add(request);
      let last = 0;
      request.upload.onprogress = (event) => {
        this.moving += event.loaded - last;
        last = event.loaded;
      };
      request.onloadend = () => {
        this.running.delete(request);
        this.moving -= last;
        if (request.status >= 200 && request.status < 300) {
          this.done += 1;
          this.doneBytes += item.file.size;
        } else this.failed.push({ ...item, reason: this.reason(request) });
        this.next();
      };
      request.open("PUT", this.url + "/" + item.name.split("/").map(encodeURIComponent).join("/"));
      request.send(item.file);
    },
    reason(request) {
      if (request.status === 0) return "the connection was lost or the upload stopped";
      return (request.responseText || "refused").slice(0, 200);
    },
  },
};
