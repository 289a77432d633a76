// Dropping files and true progress. Without this script the same forms work, page by page.
"use strict";

const POLL_MS = 700;

function line(list, name) {
  const item = document.createElement("li");
  const file = document.createElement("span");
  const bar = document.createElement("progress");
  const said = document.createElement("span");
  file.className = "file";
  file.textContent = name;
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", name);
  item.append(file, bar, said);
  list.append(item);
  return { item, bar, said };
}

function fail(row, text) {
  row.bar.remove();
  row.said.className = "late";
  row.said.textContent = text;
}

function send(form, file, signature, row) {
  const data = new FormData();
  data.append("form", form.elements.form.value);
  data.append("files", file);
  if (signature) {
    data.append("files", signature);
  }
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", form.elements.csrf.value);
  request.responseType = "json";
  return new Promise((done) => {
    request.upload.onprogress = (event) => {
      const share = event.lengthComputable ? Math.round((100 * event.loaded) / event.total) : 0;
      row.bar.value = share;
      row.said.textContent = `${form.dataset.sending} ${share} %`;
    };
    request.onload = () => {
      const answer = request.response || {};
      if (request.status === 202) {
        done(answer.uploads[0]);
      } else {
        fail(row, answer.detail || form.dataset.failed);
        done(null);
      }
    };
    request.onerror = () => {
      fail(row, form.dataset.failed);
      done(null);
    };
    request.send(data);
  });
}

async function follow(upload, row) {
  row.bar.removeAttribute("value");
  for (;;) {
    row.said.textContent = upload.text;
    if (upload.state === "done" || upload.state === "refused") {
      return upload;
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
    const answer = await fetch(`/uploads/${upload.upload_id}/state`, {
      headers: { Accept: "application/json" },
    }).catch(() => null);
    if (answer && answer.ok) {
      upload = await answer.json();
    }
  }
}

function finish(form, upload, row) {
  if (upload.state === "refused") {
    fail(row, upload.text);
    return;
  }
  row.bar.value = 100;
  const link = document.createElement("a");
  link.href = upload.url;
  link.textContent = form.dataset.open;
  const state = document.createElement("span");
  state.className = `state state-${upload.verdict}`;
  state.textContent = upload.text;
  row.said.replaceChildren(state, " ", link);
}

// `report.xlsx` goes with `report.xlsx.p7s` or `report.p7s`.
function withSignatures(files) {
  const isSignature = (file) => /\.(p7s|cms|sig)$/i.test(file.name);
  const stem = (name) => name.toLowerCase().replace(/\.[^.]*$/, "");
  const signatures = new Map(files.filter(isSignature).map((file) => [stem(file.name), file]));
  const pairs = files
    .filter((file) => !isSignature(file))
    .map((file) => {
      const keys = [file.name.toLowerCase(), stem(file.name)];
      const key = keys.find((name) => signatures.has(name));
      const signature = signatures.get(key);
      signatures.delete(key);
      return [file, signature];
    });
  return [pairs, [...signatures.values()]];
}

async function sendAll(form, files) {
  const list = form.querySelector(".sending");
  const [pairs, alone] = withSignatures(files);
  for (const file of alone) {
    fail(line(list, file.name), form.dataset.alone.replace("*", file.name));
  }
  const rows = pairs.map(([file, signature]) => [file, signature, line(list, file.name)]);
  const answers = await Promise.all(
    rows.map(async ([file, signature, row]) => {
      if (file.size > Number(form.dataset.max)) {
        fail(row, form.dataset.large);
        return null;
      }
      const sent = await send(form, file, signature, row);
      const upload = sent && (await follow(sent, row));
      if (upload) {
        finish(form, upload, row);
      }
      return upload;
    }),
  );
  form.reset();
  if (answers.length === 1 && answers[0] && answers[0].state === "done") {
    window.location.assign(answers[0].url);
  }
}

for (const form of document.querySelectorAll("[data-drop]")) {
  const input = form.elements.files;
  const pick = form.querySelector(".pick");
  const invitation = pick.textContent;
  form.classList.add("scripted");
  input.addEventListener("change", () => {
    pick.textContent = [...input.files].map((file) => file.name).join(", ") || invitation;
  });
  form.addEventListener("reset", () => {
    pick.textContent = invitation;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendAll(form, [...input.files]);
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over-it");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    form.addEventListener(name, () => form.classList.remove("over-it"));
  }
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    sendAll(form, [...event.dataTransfer.files]);
  });
}

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.ask)) {
      event.preventDefault();
    }
  });
}
