// Reads sentences into a dataset: one microphone that stays open, raw samples from an AudioWorklet, one PUT for each
// take. What was done lies in the folder on disk: a page that is loaded anew goes on where this one stopped.
const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const PROCESSING_WORDS = {
  echoCancellation: "echo cancellation", noiseSuppression: "noise suppression", autoGainControl: "automatic gain",
};
const RING_SECONDS = 0.3; // kept from before the key was pressed, or the first sound is lost
const TAIL_SECONDS = 0.1;
const MOST_SECONDS = 30;
const FLOOR_DB = -60; // the left end of the meter
const DEVICE_KEY = "launcher-microphone";
const GONE = "The launcher did not answer. Is it still running in its terminal? The take is kept here: send it again.";

export default {
  template: `
    <section ref="stage" class="recorder" tabindex="0" role="group" aria-label="Read and record" @keydown="pressed">
      <div class="rec-head">
        <p><strong>{{ done }} of {{ sentences.length }}</strong> recorded<span v-if="minutes">, {{ minutes }}</span><span
          v-if="skippedCount">, {{ skippedCount }} skipped</span></p>
        <progress :value="done" :max="sentences.length" aria-label="Sentences recorded"></progress>
      </div>

      <div class="rec-sheet" :class="'rec-' + (recording ? 'live' : isDone ? 'done' : isSkipped ? 'skipped' : 'open')">
        <p class="rec-number">Sentence {{ index + 1 }} of {{ sentences.length }}<span class="badge badge-good"
          v-if="isDone && !recording">recorded</span><span class="badge" v-else-if="isSkipped && !recording">skipped</span><span
          class="badge badge-bad" v-else-if="recording">recording {{ clock }}</span></p>
        <p class="rec-text" :lang="language">{{ sentence.text }}</p>
        <p class="rec-next" v-if="following"><span>Then: </span><span :lang="language">{{ following.text }}</span></p>
        <p class="rec-next" v-else>This is the last one.</p>
      </div>

      <div v-if="failure" class="notice notice-bad" role="alert">
        <div class="notice-body">
          <p class="notice-title">{{ failure.title }}</p><p>{{ failure.todo }}</p>
          <div class="row"><button type="button" class="btn" @click="turnOn">Try again</button></div>
        </div>
      </div>
      <div v-else-if="mic !== 'on'" class="rec-off">
        <button type="button" class="btn btn-primary" :aria-disabled="mic === 'asking' ? 'true' : null" @click="turnOn">
          Turn the microphone on</button>
        <p class="hint" role="status">{{ mic === "asking"
          ? "Your browser asks whether this page may use the microphone: answer it beside its address bar."
          : "Your browser asks once whether this page may use it. The sound goes to this computer's own folder and nowhere else." }}</p>
      </div>
      <div v-else class="rec-meter">
        <div class="rec-bar" role="meter" aria-label="Level of the microphone" aria-valuemin="-60" aria-valuemax="0"
          :aria-valuenow="Math.round(peakDb)" :aria-valuetext="Math.round(peakDb) + ' dB'">
          <span :class="meterTone" :style="{ width: share(peakDb) + '%' }"></span>
          <i :style="{ left: share(heldDb) + '%' }" aria-hidden="true"></i>
        </div>
        <p class="rec-live" :class="{ 'error-text': live.bad }" role="status">{{ live.text }}</p>
      </div>

      <div class="row rec-buttons">
        <button type="button" class="btn" :class="recording ? 'btn-danger' : isDone ? '' : 'btn-primary'"
          :aria-disabled="canRecord ? null : 'true'" aria-keyshortcuts="Space" @click="toggle($event)">
          {{ recording ? "Stop" : sending ? "Sending…" : "Record" }} <kbd aria-hidden="true">Space</kbd></button>
        <button type="button" class="btn" :aria-disabled="isDone && !recording ? null : 'true'" aria-keyshortcuts="P"
          @click="press(play, $event)">{{ playing ? "Stop playing" : "Play" }} <kbd aria-hidden="true">P</kbd></button>
        <button type="button" class="btn" :aria-disabled="canRecord && (recording || isDone) ? null : 'true'" aria-keyshortcuts="R"
          @click="press(retake, $event)">Retake <kbd aria-hidden="true">R</kbd></button>
        <button v-if="canBringBack" type="button" class="btn" aria-keyshortcuts="U"
          @click="press(bringBack, $event)">Restore the earlier take <kbd aria-hidden="true">U</kbd></button>
        <span class="rec-space"></span>
        <button type="button" class="btn btn-quiet" :aria-disabled="recording || isDone ? 'true' : null"
          aria-keyshortcuts="S" @click="press(skip, $event)">{{ isSkipped ? "Do not skip" : "Skip" }} <kbd aria-hidden="true">S</kbd></button>
        <button type="button" class="btn" :aria-disabled="index === 0 || recording ? 'true' : null"
          aria-keyshortcuts="ArrowLeft" @click="press(() => step(-1), $event)">Back <kbd aria-hidden="true">←</kbd></button>
        <button type="button" class="btn" :aria-disabled="!following || recording ? 'true' : null"
          aria-keyshortcuts="ArrowRight" @click="press(() => step(1), $event)">Ahead <kbd aria-hidden="true">→</kbd></button>
        <button type="button" class="btn" :class="{ 'btn-primary': isDone && !recording }" aria-keyshortcuts="Enter"
          :aria-disabled="recording || sending ? 'true' : null" @click="press(next, $event)">Next unread <kbd aria-hidden="true">Enter</kbd></button>
      </div>

      <div class="rec-said" aria-live="polite">
        <div v-if="problem" class="notice notice-bad"><div class="notice-body">
          <p class="notice-title">{{ problem }}</p>
          <div v-if="unsent" class="row"><button type="button" class="btn" @click="press(send, $event)">Send it again</button></div>
        </div></div>
        <div v-else-if="findings.length" class="notice" :class="wasKept ? 'notice-warning' : 'notice-bad'">
          <div class="notice-body">
            <p class="notice-title">{{ wasKept ? "Kept, but listen to it" : "Not kept" }}</p>
            <p v-for="f in findings" :key="f.code"><strong>{{ f.text }}</strong> {{ f.hint }}</p>
          </div>
        </div>
        <p v-else-if="said" class="rec-good">{{ said }}</p>
        <div v-if="isAllDone && !recording" class="notice notice-good"><div class="notice-body">
          <p class="notice-title">All {{ sentences.length }} sentences are recorded.</p>
        </div></div>
      </div>

      <div v-if="mic === 'on'" class="rec-device">
        <label v-if="devices.length > 1">Microphone
          <select class="input" :value="deviceId" :disabled="recording || sending" @change="choose($event.target.value)">
            <option v-for="d in devices" :key="d.deviceId" :value="d.deviceId">{{ d.label || "Microphone" }}</option>
          </select>
        </label>
        <p class="hint">{{ deviceWords }}</p>
        <div v-if="doubts.length" class="notice notice-warning"><div class="notice-body">
          <p v-for="d in doubts" :key="d">{{ d }}</p>
        </div></div>
      </div>
      <p class="hint rec-keys">The keys work while this part of the page has the focus. Escape discards what is being
        recorded.</p>
    </section>
  `,
  props: {
    base: String, name: String, language: String, worklet: String, at: String, sentences: Array, takes: Object,
    replaced: Array, skipped: Array, limits: Object,
  },
  data() {
    const first = this.sentences.findIndex((s) => s.key === this.at);
    return {
      mic: "off", failure: null, devices: [], deviceId: "", deviceWords: "", doubts: [], index: Math.max(0, first),
      kept: { ...this.takes }, older: new Set(this.replaced), over: new Set(this.skipped), recording: false,
      sending: false, playing: false, seconds: 0, peakDb: FLOOR_DB, heldDb: FLOOR_DB, live: { text: "", bad: false },
      findings: [], wasKept: true, said: "", problem: "", unsent: null,
    };
  },
  computed: {
    sentence() {
      return this.sentences[this.index];
    },
    following() {
      return this.sentences[this.index + 1];
    },
    isDone() {
      return this.sentence.key in this.kept;
    },
    isSkipped() {
      return this.over.has(this.sentence.key);
    },
    done() {
      return this.sentences.filter((s) => s.key in this.kept).length;
    },
    isAllDone() {
      return this.done === this.sentences.length;
    },
    skippedCount() {
      return this.sentences.filter((s) => this.over.has(s.key) && !(s.key in this.kept)).length;
    },
    minutes() {
      const all = this.sentences.reduce((sum, s) => sum + (this.kept[s.key]?.seconds || 0), 0);
      return all < 60 ? (all ? `${Math.round(all)} s` : "") : `${(all / 60).toFixed(1)} minutes`;
    },
    canRecord() {
      return this.mic === "on" && !this.sending;
    },
    canBringBack() {
      return this.isDone && !this.recording && this.older.has(this.sentence.key);
    },
    clock() {
      return `${this.seconds.toFixed(1)} s`;
    },
    meterTone() {
      return this.peakDb > -1 ? "rec-loud" : this.peakDb < this.limits.quietDbfs ? "rec-soft" : "";
    },
  },
  created() {
    // Kept out of what Vue watches: samples come forty times a second.
    this.sound = { ring: [], ringFrames: 0, chunks: [], frames: 0, lost: 0, run: 0, clipped: false, quietest: [] };
  },
  mounted() {
    window.addEventListener("beforeunload", this.askToStay);
    window.addEventListener("pagehide", this.sendPlace);
    this.$refs.stage.focus({ preventScroll: true });
  },
  beforeUnmount() {
    window.removeEventListener("beforeunload", this.askToStay);
    window.removeEventListener("pagehide", this.sendPlace);
    this.sendPlace();
    this.turnOff();
    this.player?.pause();
  },
  methods: {
    askToStay(event) {
      // The browser asks: a take that is read or not yet kept would be gone.
      if (this.recording || this.sending || this.unsent) event.preventDefault();
    },
    // --- the microphone
    async turnOn() {
      if (this.mic === "asking") return;
      this.turnOff();
      this.failure = null;
      if (!window.isSecureContext || !navigator.mediaDevices) {
        this.failure = failureOf({ name: "InsecureContext" });
        return;
      }
      this.mic = "asking";
      try {
        await this.open(localStorage.getItem(DEVICE_KEY) || "");
        this.mic = "on";
        this.$refs.stage.focus({ preventScroll: true });
      } catch (error) {
        this.turnOff();
        this.failure = failureOf(error);
      }
    },
    async open(deviceId) {
      const off = Object.fromEntries(PROCESSING.map((name) => [name, false]));
      const wanted = deviceId ? { ...off, deviceId: { ideal: deviceId } } : off;
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
      const track = this.stream.getAudioTracks()[0];
      track.addEventListener("ended", () => this.lostMicrophone());
      const settings = track.getSettings();
      const source = await this.listenTo(this.stream, settings.sampleRate);
      await this.context.audioWorklet.addModule(this.worklet);
      // Mixed here to one channel: browsers give two, whatever was asked for.
      const node = new AudioWorkletNode(this.context, "microphone", {
        numberOfInputs: 1, numberOfOutputs: 1, channelCount: 1, channelCountMode: "explicit",
      });
      node.port.onmessage = (event) => this.heard(event.data.samples, event.data.lost);
      node.onprocessorerror = () => this.lostMicrophone();
      const silent = new GainNode(this.context, { gain: 0 }); // a node is only asked for sound when it leads somewhere
      source.connect(node).connect(silent).connect(this.context.destination);
      await this.context.resume();
      const all = await navigator.mediaDevices.enumerateDevices();
      this.devices = all.filter((d) => d.kind === "audioinput" && d.deviceId);
      this.deviceId = settings.deviceId || "";
      this.describe(track, settings);
    },
    async listenTo(stream, rate) {
      // At the microphone's own rate if the browser tells it and can: what is resampled twice is no better for it.
      for (const options of rate ? [{ sampleRate: rate }, {}] : [{}]) {
        this.context = new AudioContext({ ...options, latencyHint: "balanced" });
        try {
          return this.context.createMediaStreamSource(stream);
        } catch (error) {
          await this.context.close();
          this.context = null;
          if (!options.sampleRate) throw error;
        }
      }
    },
    describe(track, settings) {
      const rate = this.context.sampleRate;
      const on = PROCESSING.filter((name) => settings[name] === true).map((name) => PROCESSING_WORDS[name]);
      const untold = PROCESSING.filter((name) => settings[name] === undefined).map((name) => PROCESSING_WORDS[name]);
      this.deviceWords = `${track.label || "Microphone"}, ${rate.toLocaleString("en")} Hz${
        on.length || untold.length ? "" : ", recorded as it is: the browser changes nothing"}.`;
      this.doubts = [];
      if (on.length)
        this.doubts.push(`This browser keeps ${list(on)} switched on, which changes the voice. Chrome, Edge and Firefox ` +
          "let it be switched off; so may the settings of the microphone.");
      if (untold.length)
        this.doubts.push(`This browser does not tell whether ${list(untold)} is off. Listen to a take before you continue: ` +
          "if it sounds as on the telephone, use Chrome, Edge or Firefox.");
      if (rate < this.limits.leastRate)
        this.doubts.push(`This microphone gives only ${rate.toLocaleString("en")} Hz, as a Bluetooth headset does: its ` +
          "treble is missing. Use one with a cable if you can.");
    },
    async choose(deviceId) {
      localStorage.setItem(DEVICE_KEY, deviceId);
      await this.turnOn();
    },
    turnOff() {
      this.stream?.getTracks().forEach((track) => track.stop());
      this.context?.close();
      this.stream = this.context = null;
      this.recording = false;
      this.mic = "off";
      Object.assign(this.sound, { ring: [], ringFrames: 0, quietest: [] });
    },
    lostMicrophone() {
      if (this.mic !== "on") return;
      this.turnOff();
      this.failure = failureOf({ name: "Gone" });
    },

    // --- what it hears
    heard(samples, lost) {
      const s = this.sound;
      const level = levelOf(samples);
      this.watch(samples, level);
      if (this.recording) {
        s.chunks.push(samples);
        s.frames += samples.length;
        s.lost += lost;
        this.seconds = s.frames / this.context.sampleRate;
        if (s.stopAt ? s.frames >= s.stopAt : this.seconds > MOST_SECONDS) this.finish();
        return;
      }
      if (this.playing) {
        Object.assign(s, { ring: [], ringFrames: 0 }); // the loudspeaker is no part of a take
        return;
      }
      s.ring.push(samples);
      s.ringFrames += samples.length;
      while (s.ringFrames - s.ring[0].length >= RING_SECONDS * this.context.sampleRate)
        s.ringFrames -= s.ring.shift().length;
    },
    watch(samples, level) {
      const s = this.sound;
      this.peakDb = Math.max(FLOOR_DB, level.peakDb, this.peakDb - 1.5);
      this.heldDb = Math.max(this.peakDb, this.heldDb - 0.2);
      for (const one of samples) {
        s.run = Math.abs(one) >= this.limits.fullScale ? s.run + 1 : 0;
        if (s.run >= this.limits.clippedRun) s.clippedAt = performance.now();
      }
      s.quietest.push(level.rmsDb);
      if (s.quietest.length > 64) s.quietest.shift();
      const live = this.liveWords();
      if (live.text !== this.live.text) this.live = live;
    },
    liveWords() {
      const s = this.sound;
      if (performance.now() - (s.clippedAt || -9e9) < 2000)
        return { text: "Too loud: the sound is cut off. Move back, or turn the microphone down.", bad: true };
      if (this.recording) {
        if (this.seconds > 2 && this.heldDb < this.limits.silentDbfs)
          return { text: "Nothing is heard. Is this the right microphone?", bad: true };
        if (this.seconds > this.limits.longestSeconds)
          return { text: `Too long: a sentence may last ${this.limits.longestSeconds} s.`, bad: true };
        if (this.seconds > this.limits.comfortableSeconds) return { text: "Long for one sentence.", bad: true };
        return { text: "Recording. Space stops.", bad: false };
      }
      if (this.playing) return { text: "Playing.", bad: false };
      // Nobody speaks all the time: what the quietest part of the last second and a half holds is the room.
      const room = s.quietest.length >= 64 ? [...s.quietest].sort((a, b) => a - b)[6] : -Infinity;
      if (room > this.limits.noiseDbfs)
        return { text: `Noise: ${Math.round(room)} dB while nobody should be speaking. Look for a quieter place.`, bad: true };
      return { text: "Ready. Space starts.", bad: false };
    },

    // --- a take
    toggle(event) {
      if (!this.canRecord) return;
      if (this.recording) this.stop();
      else this.start();
      this.settle(event);
    },
    start() {
      this.player?.pause();
      this.forget();
      const s = this.sound;
      Object.assign(s, { chunks: [...s.ring], frames: s.ringFrames, lost: 0, stopAt: 0, key: this.sentence.key });
      this.seconds = 0;
      this.recording = true;
    },
    stop() {
      const s = this.sound;
      if (!s.stopAt) s.stopAt = s.frames + TAIL_SECONDS * this.context.sampleRate;
    },
    finish() {
      const s = this.sound;
      const samples = new Float32Array(s.frames);
      let at = 0;
      for (const chunk of s.chunks) {
        samples.set(chunk, at);
        at += chunk.length;
      }
      this.recording = false;
      this.unsent = { key: s.key, samples, rate: this.context.sampleRate, lost: s.lost / this.context.sampleRate };
      Object.assign(s, { chunks: [], frames: 0, ring: [], ringFrames: 0, quietest: [] });
      return this.send();
    },
    drop() {
      this.recording = false;
      Object.assign(this.sound, { chunks: [], frames: 0, ring: [], ringFrames: 0, quietest: [] });
      this.said = "Thrown away.";
    },
    retake() {
      if (!this.canRecord) return;
      if (this.recording) this.drop();
      this.start();
    },
    async send() {
      const take = this.unsent;
      this.sending = true;
      this.problem = "";
      try {
        const answer = await fetch(this.url(take.key), {
          method: "PUT",
          body: take.samples.buffer,
          headers: {
            "Content-Type": "application/octet-stream", "X-Sample-Rate": String(take.rate),
            "X-Lost-Seconds": take.lost.toFixed(4),
          },
        });
        this.judged(take, await answer.json().catch(() => ({})), answer.status);
      } catch (error) {
        this.problem = GONE;
      } finally {
        this.sending = false;
      }
    },
    judged(take, told, status) {
      if (told.detail || status >= 500 || !("kept" in told)) {
        this.problem = told.detail || `The program could not save it (${status}). Send it again.`;
        if (status < 500) this.unsent = null; // it would be refused again
        return;
      }
      this.unsent = null;
      this.findings = told.findings;
      this.wasKept = told.kept;
      if (!told.kept) return;
      if (take.key in this.kept) this.older.add(take.key);
      this.over.delete(take.key);
      this.kept = { ...this.kept, [take.key]: { seconds: told.seconds } };
      if (!told.findings.length) this.said = `Kept: ${told.seconds.toFixed(1)} s. Enter continues, R records it again.`;
    },
    async bringBack() {
      if (!this.canBringBack) return;
      const key = this.sentence.key;
      this.forget();
      try {
        const answer = await fetch(this.url(key) + "/before", { method: "POST" });
        const told = await answer.json();
        if (!answer.ok) throw new Error(told.detail);
        this.kept = { ...this.kept, [key]: { seconds: told.seconds } };
        this.said = "The earlier take is back. U swaps the two.";
      } catch (error) {
        this.problem = error instanceof TypeError ? GONE : error.message;
      }
    },
    play() {
      if (!this.isDone || this.recording) return;
      const was = this.playing;
      this.player?.pause();
      if (was) return;
      const player = (this.player = new Audio(`${this.url(this.sentence.key)}?${Date.now()}`));
      player.addEventListener("play", () => (this.playing = true));
      for (const end of ["pause", "ended", "error"])
        player.addEventListener(end, () => this.player === player && (this.playing = false));
      player.play().catch(() => {
        if (player.error) this.problem = "This take could not be played.";
        this.playing = false;
      });
    },

    // --- from sentence to sentence
    step(by) {
      this.go(this.index + by);
    },
    next() {
      const count = this.sentences.length;
      const after = (wanted) => {
        for (let n = 1; n <= count; n++) if (wanted(this.sentences[(this.index + n) % count])) return (this.index + n) % count;
        return -1;
      };
      const open = after((s) => !(s.key in this.kept) && !this.over.has(s.key));
      const left = open >= 0 ? open : after((s) => !(s.key in this.kept));
      if (left >= 0 && left !== this.index) this.go(left);
      else if (left < 0) this.said = "All of them are recorded.";
    },
    go(index) {
      if (this.recording || this.sending || index < 0 || index >= this.sentences.length) return;
      if (this.unsent) return; // it is shown beside, and would be lost
      this.player?.pause();
      this.forget();
      this.index = index;
      this.tell();
    },
    skip() {
      if (this.recording || this.isDone) return;
      const key = this.sentence.key;
      if (this.over.has(key)) {
        this.over.delete(key);
        this.tell();
        return;
      }
      this.over.add(key);
      const before = this.index;
      this.next();
      if (this.index === before) this.tell();
    },
    // One after the other: of two that are under way at once, the older could arrive last and stand.
    async tell() {
      this.untold = JSON.stringify({ at: this.sentence.key, skipped: [...this.over] });
      if (this.telling) return;
      this.telling = true;
      while (this.untold) await this.sendPlace();
      this.telling = false;
    },
    sendPlace() {
      const told = this.untold;
      this.untold = null;
      if (!told) return;
      return fetch(`${this.base}/place`, { method: "PUT", body: told, keepalive: told.length < 60000 }).catch(() => {});
    },
    forget() {
      Object.assign(this, { findings: [], said: "", problem: "", unsent: null });
    },
    url(key) {
      return `${this.base}/takes/${key}`;
    },

    // --- keys and clicks
    press(act, event) {
      if (event?.currentTarget?.getAttribute("aria-disabled") !== "true") act();
      this.settle(event);
    },
    settle(event) {
      // After a click of the mouse the keys hold again; who came by the Tab key stays where they are.
      if (event?.detail > 0) this.$refs.stage.focus({ preventScroll: true });
    },
    pressed(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      if (event.target.closest("select, input, textarea")) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if ((key === " " || key === "Enter") && event.target.closest("button, a")) return; // they press what has the focus
      const act = {
        " ": () => (this.mic === "on" ? this.toggle() : this.turnOn()),
        Enter: () => this.next(), ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), r: () => this.retake(),
        p: () => this.play(), s: () => this.skip(), u: () => this.bringBack(),
        Escape: () => this.recording && this.drop(),
      }[key];
      if (!act) return;
      event.preventDefault();
      if (!event.repeat || key.startsWith("Arrow")) act();
    },
    share(db) {
      return Math.max(0, Math.min(100, (100 * (db - FLOOR_DB)) / -FLOOR_DB));
    },
  },
};

function list(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function levelOf(samples) {
  let peak = 0;
  let power = 0;
  for (const one of samples) {
    peak = Math.max(peak, Math.abs(one));
    power += one * one;
  }
  const db = (level) => (level > 0 ? 20 * Math.log10(level) : -120);
  return { peakDb: db(peak), rmsDb: db(Math.sqrt(power / samples.length)) };
}

function failureOf(error) {
  const known = {
    InsecureContext: {
      title: "A browser gives no microphone to a page at this address.",
      todo: "Open this page by 127.0.0.1 or https: the launcher gives a link by 127.0.0.1 when it is started with " +
        "--no-own-name. Chrome, Edge and Firefox take the usual link as well.",
    },
    NotAllowedError: {
      title: "The microphone was not allowed.",
      todo: "Allow it for this page: by the sign beside the address, or in the browser's settings under microphone. If " +
        "it is allowed there, look whether the system lets the browser use it.",
    },
    NotFoundError: {
      title: "No microphone was found.",
      todo: "Plug one in, or switch it on in the system's sound settings.",
    },
    NotReadableError: {
      title: "The microphone could not be opened.",
      todo: "Another program may be using it, such as a call: close that. If it stays so, unplug it and plug it in again.",
    },
    Gone: {
      title: "The microphone is gone.",
      todo: "It was unplugged or switched off. Plug it in again. Takes that were kept before are in the dataset.",
    },
  };
  const name = { SecurityError: "NotAllowedError", AbortError: "NotReadableError" }[error.name] || error.name;
  return known[name] || {
    title: `The microphone could not be started (${error.name || "unknown reason"}).`,
    todo: "Try again, with another browser if it stays so.",
  };
}
