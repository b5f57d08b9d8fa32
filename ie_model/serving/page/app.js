// The page: takes articles, asks the server, shows its view, offers downloads of what is shown.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const form = at("form");
  const text = at("text");
  const published = at("published");

  let files = []; // [{id, text}] that were dropped or opened; they take the text area's place
  let texts = []; // the texts of the documents that are shown
  let documents = [];
  let least = 0;

  const ask = async (path, options = {}) => {
    const headers = { "Content-Type": "application/json" };
    if (at("token").value) headers.Authorization = `Bearer ${at("token").value}`;
    let response;
    try {
      response = await fetch(path, { headers, ...options });
    } catch {
      throw new Error("The server cannot be reached; is it still running?");
    }
    if (response.status === 401) at("token-label").hidden = false;
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    throw new Error(answer.error ?? `The server answered ${response.status}.`);
  };

  const complain = (error) => {
    at("trouble").textContent = error ? error.message : "";
    at("trouble").hidden = !error;
  };

  // What the server offers
  let informed = false;
  const inform = async () => {
    const info = await (await ask("v1/info")).json();
    informed = true;
    for (const button of document.querySelectorAll("[data-format]")) {
      button.hidden = !info.formats.includes(button.dataset.format);
    }
    for (const example of info.examples) {
      const option = new Option(example.name);
      option.example = example;
      at("example").append(option);
    }
  };
  inform().catch((error) => { if (at("token-label").hidden) complain(error); });
  at("token").addEventListener("change", () => { if (!informed) inform().then(() => complain(null), complain); });

  at("example").addEventListener("change", () => {
    const example = at("example").selectedOptions[0].example;
    if (!example) return;
    showFiles([]);
    text.value = example.text;
    published.value = example.published ?? "";
    form.requestSubmit();
  });

  // Files
  const showFiles = (found) => {
    files = found;
    at("files").replaceChildren(...files.map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.id} · ${file.text.length} characters`;
      return item;
    }));
    at("files").hidden = files.length === 0;
  };
  const read = async (list) => {
    complain(null);
    const found = [];
    for (const file of list) {
      try {
        // ignoreBOM keeps the mark: no character of a text is ever dropped.
        const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        found.push({ id: file.name, text: decoder.decode(await file.arrayBuffer()) });
      } catch {
        complain(new Error(`${file.name} is not UTF-8; convert it, or use ie-model extract --encoding`));
      }
    }
    if (!found.length) return;
    text.value = "";
    at("example").value = "";
    showFiles(found);
    form.requestSubmit();
  };
  at("open").addEventListener("change", async (event) => {
    await read([...event.target.files]);
    event.target.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    read([...event.dataTransfer.files]);
  });
  text.addEventListener("input", () => {
    showFiles([]);
    at("example").value = "";
  });

  at("clear").addEventListener("click", () => {
    running?.abort();
    running = null;
    form.removeAttribute("aria-busy");
    showFiles([]);
    form.reset();
    complain(null);
    at("state").textContent = "";
    at("result").hidden = true;
    at("view").replaceChildren();
    text.focus();
  });

  // Extraction
  let running = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const items = files.length ? files : [{ id: null, text: text.value }];
    if (!items.some((item) => item.text.trim())) {
      complain(new Error("Paste an article first, or drop a file."));
      return;
    }
    complain(null);
    running?.abort();
    const mine = (running = new AbortController());
    at("state").textContent = "Reading …";
    form.setAttribute("aria-busy", "true");
    try {
      const body = JSON.stringify({ texts: items, published: published.value.trim() || null });
      const answer = await (await ask("view", { method: "POST", body, signal: mine.signal })).json();
      if (mine !== running) return;
      texts = items.map((item) => item.text);
      documents = answer.documents;
      least = 0;
      // The server has escaped all of it, and the page's policy runs no script but its own.
      at("view").innerHTML = answer.html;
      at("result").hidden = false;
      at("state").textContent = "";
    } catch (error) {
      if (mine !== running) return;
      at("state").textContent = "";
      complain(error);
    } finally {
      if (mine === running) form.removeAttribute("aria-busy");
    }
  });

  // Downloads
  at("view").addEventListener("ie-model:filtered", (event) => { least = event.detail.least; });
  const shown = () => documents.map((document, number) => ({
    ...document,
    text: texts[number],
    published: published.value.trim() || null,
    entities: document.entities.filter((entity) => entity.score >= least),
    departures: document.departures.filter((departure) => departure.score >= least),
  }));
  at("result").addEventListener("click", async (event) => {
    const format = event.target.dataset?.format;
    if (!format) return;
    complain(null);
    try {
      const body = JSON.stringify({ format, documents: shown() });
      const response = await ask("v1/export", { method: "POST", body });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = /filename="([^"]*)"/.exec(response.headers.get("Content-Disposition"))[1];
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    } catch (error) {
      complain(error);
    }
  });
})();
