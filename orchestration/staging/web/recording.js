// One recording on the page: it is uploaded, followed until it has ended, and shown.
// Whatever a file or its name says is set as text: nothing of it becomes markup.

const TOKEN = document.querySelector("meta[name=token]").content;
const PAUSE_MS = 400;
const GONE = "The program on this computer does not answer. Was it ended?";
const BROKEN = "The upload broke off. Choose the file again.";
const SAID = {
  uploading: () => "Uploading",
  waiting: ({ ahead }) => (ahead ? `Waits for ${ahead} other ${ahead > 1 ? "recordings" : "recording"}` : "Waits for its turn"),
  reading: () => "Reading the file",
  staging: () => "Staging",
  drawing: () => "Drawing, and writing the files",
  done: () => "Staged",
  refused: () => "Not staged, for these reasons:",
  failed: () => "Could not be staged:",
};
const ENDED = ["done", "refused", "failed"];

// Asks the program; an answer that is an error is thrown with its words.
export async function ask(method, path, values) {
  const body = method === "POST" ? JSON.stringify(values ?? {}) : undefined;
  const answer = await fetch(path, { method, body, headers: { "X-Token": TOKEN } }).catch(() => {
    throw new Error(GONE);
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told.error ?? `Error ${answer.status}`), { status: answer.status });
  return told;
}

export class Recording {
  // `page` has options() and changed(): what is asked for, and whom to tell.
  constructor(page, title) {
    this.page = page;
    this.title = title;
    this.id = null;
    this.root = document.querySelector("#recording").content.cloneNode(true).firstElementChild;
    this.find("h2").textContent = title;
    this.find(".remove").setAttribute("aria-label", `Remove ${title}`);
    this.find(".remove").addEventListener("click", () => this.remove());
    this.find(".force").addEventListener("click", () => this.again({ force: true }));
    this.find(".again").addEventListener("click", () => this.again({}));
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // Announces the files, sends one after the other, and follows what becomes of them.
  async upload(files) {
    if (this.removed) return;
    try {
      const options = this.page.options();
      const announced = files.map((file) => [file.name, file.size]);
      const told = await ask("POST", "/jobs", { files: announced, options });
      this.id = told.id;
      this.page.changed(this);
      const total = files.reduce((sum, file) => sum + file.size, 0);
      let sent = 0;
      for (const [number, file] of files.entries()) {
        await this.send(number, file, sent, total);
        sent += file.size;
      }
    } catch (error) {
      if (!this.removed) await this.failed(error);
      return;
    }
    this.follow();
  }

  send(number, file, before, total) {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      request.open("PUT", `/jobs/${this.id}/files/${number}`);
      request.setRequestHeader("X-Token", TOKEN);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", ({ loaded }) => this.progress((before + loaded) / total));
      request.addEventListener("load", () => (request.status === 200 ? resolve() : reject(new Error(reasonIn(request.responseText)))));
      for (const name of ["error", "abort"]) request.addEventListener(name, () => reject(new Error(BROKEN)));
      request.send(file);
    });
  }

  progress(share) {
    const bar = this.find("progress");
    bar.hidden = false;
    bar.value = share;
    bar.setAttribute("aria-label", `Upload of ${this.title}`);
    this.find(".state").textContent = `Uploading, ${Math.floor(100 * share)} %`;
    if (this.state !== "uploading") this.page.say(`${this.title}: uploading`);
    this.state = "uploading";
  }

  // The program may know better than the browser why an upload ended.
  async failed(error) {
    const told = this.id && (await ask("GET", `/jobs/${this.id}`).catch(() => null));
    this.show(told?.reasons.length ? told : { state: "failed", reasons: [error.message], again: false });
  }

  // Asks again and again until it has ended or was removed.
  async follow() {
    for (let missed = 0; !this.removed; await pause(PAUSE_MS * (1 + 5 * missed))) {
      try {
        const told = await ask("GET", `/jobs/${this.id}`);
        if (this.removed) return;
        this.show(told);
        if (ENDED.includes(told.state)) return;
        missed = 0;
      } catch (error) {
        if (error.status) return this.show({ state: "failed", reasons: [error.message], again: false });
        missed = Math.min(missed + 1, 4);
        this.find(".state").textContent = error.message;
      }
    }
  }

  async again(more) {
    try {
      this.show(await ask("POST", `/jobs/${this.id}/again`, { ...this.page.options(), ...more }));
      this.find(".remove").focus();
    } catch (error) {
      return this.show({ state: "failed", reasons: [error.message], again: Boolean(this.id) && error.status === 400 });
    }
    this.follow();
  }

  async remove() {
    this.removed = true;
    this.request?.abort();
    this.root.remove();
    this.page.changed(this);
    if (this.id) await ask("DELETE", `/jobs/${this.id}`).catch(() => {});
  }

  show(told) {
    const text = SAID[told.state](told);
    if (told.state !== this.state) this.page.say(`${this.title}: ${text} ${told.reasons.join(" ")}`);
    this.state = this.root.dataset.state = told.state;
    this.find(".state").textContent = text;
    const bar = this.find("progress");
    bar.hidden = ENDED.includes(told.state);
    if (told.state !== "uploading") {
      bar.removeAttribute("value");
      bar.setAttribute("aria-label", `${this.title}: ${text}`);
    }
    this.find(".reasons").hidden = !told.reasons.length;
    list(this.find(".reasons ul"), told.reasons);
    this.find(".reasons .buttons").hidden = !told.again;
    this.find(".force").hidden = told.state !== "refused";
    this.find(".results").hidden = !told.results;
    if (told.results) this.showResults(told.results);
  }

  showResults({ facts, statistics, notes, forced, drawing, archive, files }) {
    const at = (name) => `/jobs/${this.id}/files/${encodeURIComponent(name)}`;
    this.find(".forced").hidden = !forced.length;
    list(this.find(".forced ul"), forced);
    this.find(".wide").hidden = !drawing;
    if (drawing) Object.assign(this.find("img"), { src: at(drawing), alt: `Hypnogram, hypnodensity, heart rate and signal quality of ${this.title}` });
    rows(this.find(".statistics tbody"), statistics);
    rows(this.find(".facts tbody"), facts);
    this.find(".notes").hidden = !notes.length;
    list(this.find(".notes ul"), notes);
    this.find(".archive").href = at(archive);
    this.find(".files").replaceChildren(...files.map(([name, size]) => {
      const link = Object.assign(document.createElement("a"), { href: at(name), download: name, textContent: name });
      const item = document.createElement("li");
      item.append(link, ` ${sized(size)}`);
      return item;
    }));
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function reasonIn(text) {
  try {
    return JSON.parse(text).error ?? BROKEN;
  } catch {
    return BROKEN;
  }
}

function list(element, lines) {
  element.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

export function rows(body, pairs) {
  body.replaceChildren(...pairs.map(([title, value]) => {
    const row = document.createElement("tr");
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: title });
    row.append(head, Object.assign(document.createElement("td"), { textContent: value }));
    return row;
  }));
}

function sized(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
