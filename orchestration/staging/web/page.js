// The page: what is dropped becomes recordings, which are uploaded one at a time.

import { Recording, ask, rows } from "./recording.js";

const KEPT = "recordings"; // of this tab, so that a reload finds them again
const ALONE = /\.(edf|bdf|rec|csv|tsv|txt|asc|parquet|pq)$/i; // a file that is a recording of its own
const choose = document.querySelector("#choose");
const chosen = document.querySelector("#files");
const form = document.querySelector("form");
const shown = [];
let uploads = Promise.resolve();

const page = {
  options() {
    const values = Object.fromEntries(new FormData(form));
    return { ...values, force: form.elements.force.checked };
  },
  say(text) {
    document.querySelector("#status").textContent = text;
  },
  changed(recording) {
    if (recording.removed) {
      shown.splice(shown.indexOf(recording), 1);
      choose.focus();
      page.say(`${recording.title} was removed`);
    }
    sessionStorage.setItem(KEPT, JSON.stringify(shown.filter(({ id }) => id).map(({ id, title }) => [id, title])));
  },
};

function add(title) {
  const recording = new Recording(page, title);
  shown.push(recording);
  document.querySelector("#recordings").prepend(recording.root);
  return recording;
}

// Files -> one list a recording. Those of a WFDB record belong together: by their names where every
// name has a header and another file, otherwise all that are no recordings of their own.
function grouped(files) {
  const headers = files.filter(({ name }) => /\.hea$/i.test(name));
  const parts = headers.length ? files.filter(({ name }) => !ALONE.test(name)) : [];
  const others = files.filter((file) => !parts.includes(file)).map((file) => [file]);
  const stems = Map.groupBy?.(parts, ({ name }) => name.replace(/\.[^.]*$/, "")) ?? new Map();
  const records = [...stems.values()];
  const complete = records.length && records.every((some) => some.length > 1 && some.some((file) => headers.includes(file)));
  return [...others, ...(complete ? records : parts.length ? [parts] : [])];
}

function take(files) {
  for (const some of grouped([...files])) {
    const main = some.find(({ name }) => /\.hea$/i.test(name)) ?? some[0];
    const recording = add(main.name);
    recording.find(".state").textContent = "Waits to be uploaded";
    uploads = uploads.then(() => recording.upload(some)).catch(() => {});
  }
}

choose.addEventListener("click", () => chosen.click());
chosen.addEventListener("change", () => {
  take(chosen.files);
  chosen.value = ""; // so that the same file can be chosen again
});
form.addEventListener("submit", (event) => event.preventDefault());

let over = 0;
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => {
  if (carriesFiles(event)) document.body.classList.toggle("over", ++over > 0);
});
addEventListener("dragleave", (event) => {
  if (carriesFiles(event)) document.body.classList.toggle("over", --over > 0);
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault(); // or the browser would open the file
  over = 0;
  document.body.classList.remove("over");
  const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
  const folders = items.filter((item) => item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile()?.name);
  for (const name of folders) {
    add(name).show({ state: "failed", reasons: ["This is a folder. Drop the files that are in it."], again: false });
  }
  take([...(event.dataTransfer?.files ?? [])].filter(({ name }) => !folders.includes(name)));
});

async function restore() {
  for (const [id, title] of JSON.parse(sessionStorage.getItem(KEPT) ?? "[]")) {
    const told = await ask("GET", `/jobs/${id}`).catch(() => null);
    if (!told || told.state === "uploading") continue;
    const recording = Object.assign(add(title), { id });
    recording.show(told);
    recording.follow();
  }
}

async function about() {
  const told = await ask("GET", "/about");
  document.querySelector("#model").textContent = told.model;
  document.querySelector("#trained-on").textContent = told.trained_on;
  rows(document.querySelector("#about tbody"), told.rows);
  document.querySelector("#about").hidden = false;
}

about().catch((error) => page.say(error.message));
restore();
