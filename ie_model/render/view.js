// Views of documents: highlight, sort, filter, least score, export. All listeners stand on the
// document, so that a view which is put into the page later works as well.
"use strict";
(() => {
  const closest = (event, selector) =>
    event.target instanceof Element ? event.target.closest(selector) : null;
  const viewOf = (element) => element.closest(".ie-model.view");

  // Keys are PREFIX-NUMBER; evidence lies in the section whose id is PREFIX.
  const evidenceOf = (key) => {
    const at = key.lastIndexOf("-");
    const section = document.getElementById(key.slice(0, at));
    if (!section) return [];
    return [...section.querySelectorAll(`.evidence[data-evidence~="${key.slice(at + 1)}"]`)];
  };

  const light = (key) => {
    document.querySelectorAll(".ie-model .on").forEach((element) => element.classList.remove("on"));
    if (!key) return;
    document.querySelectorAll(`.ie-model [data-key="${key}"]`).forEach((e) => e.classList.add("on"));
    evidenceOf(key).forEach((element) => element.classList.add("on"));
  };

  let chosen = null;
  const choose = (key) => {
    chosen = key;
    light(key);
    const [first] = evidenceOf(key);
    if (!first) return;
    const folded = first.closest("details");
    if (folded) folded.open = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    first.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  };

  document.addEventListener("click", (event) => {
    const header = closest(event, ".ie-model th button");
    if (header) return sort(header.closest("th"));
    if (closest(event, "[data-save-csv]")) return saveCsv(viewOf(event.target));
    const link = closest(event, "td.document a");
    if (link) {
      const folded = document.getElementById(link.hash.slice(1))?.closest("details");
      if (folded) folded.open = true;
      return;
    }
    const keyed = closest(event, "[data-key]");
    // A selection that ends in a row is somebody copying text.
    if (!keyed || (getSelection().toString() && !closest(event, "a"))) return;
    event.preventDefault();
    choose(keyed.dataset.key);
  });
  document.addEventListener("mouseover", (event) => {
    const keyed = closest(event, "[data-key]");
    if (keyed) light(keyed.dataset.key);
    else if (closest(event, ".ie-model")) light(chosen);
  });
  document.addEventListener("focusin", (event) => {
    const keyed = closest(event, "[data-key]");
    if (keyed) light(keyed.dataset.key);
  });

  // One tab stop for all the marks of an article; the arrow keys move on.
  document.addEventListener("keydown", (event) => {
    const mark = closest(event, "article mark");
    if (!mark) return;
    const marks = [...mark.closest("article").querySelectorAll("mark:not(.low):not(.off)")];
    const at = marks.indexOf(mark);
    const next = { ArrowRight: marks[at + 1], ArrowLeft: marks[at - 1], Home: marks[0], End: marks.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    mark.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  const sort = (header) => {
    const body = header.closest("table").tBodies[0];
    const column = [...header.parentNode.children].indexOf(header);
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of header.parentNode.children) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = new Intl.Collator("zh", { numeric: true }).compare;
    const value = (row) => row.cells[column].textContent;
    const rows = [...body.rows].sort((a, b) => {
      // Empty cells come last either way.
      if (!value(a) || !value(b)) return Number(!value(a)) - Number(!value(b));
      return order(value(a), value(b)) * (down ? -1 : 1);
    });
    body.append(...rows);
  };

  const update = (view) => {
    const least = Number(view.querySelector("[data-least-score]").value);
    view.querySelector(".filters output").textContent = least.toFixed(2);
    const words = (view.querySelector("[data-filter]")?.value ?? "").trim().toLowerCase();
    const status = view.querySelector("[data-status-filter]")?.value ?? "";
    const off = new Set([...view.querySelectorAll("[data-toggle]:not(:checked)")].map((box) => box.dataset.toggle));
    const kept = new Set();
    const all = new Set();
    for (const row of view.querySelectorAll("tr[data-key]")) {
      const low = Number(row.dataset.score) < least
        || (status !== "" && row.dataset.status !== status)
        || !row.textContent.toLowerCase().includes(words);
      row.classList.toggle("low", low);
      all.add(row.dataset.key);
      if (!low) kept.add(row.dataset.key);
    }
    for (const move of view.querySelectorAll("g[data-key]")) move.classList.toggle("low", !kept.has(move.dataset.key));
    for (const graph of view.querySelectorAll("svg.moves")) dimOrganisations(graph);
    let spans = 0;
    const marks = view.querySelectorAll("article mark");
    for (const mark of marks) {
      const low = Number(mark.dataset.score) < least;
      mark.classList.toggle("low", low);
      mark.classList.toggle("off", off.has(mark.dataset.label));
      if (!low && !off.has(mark.dataset.label)) spans += 1;
    }
    const of = (some, total, noun) =>
      `${some === total ? total : `${some} of ${total}`} ${noun}${total === 1 ? "" : "s"}`;
    view.querySelector(".summary").textContent = `${of(kept.size, all.size, "departure")}, ${of(spans, marks.length, "span")}`;
    view.dispatchEvent(new CustomEvent("ie-model:filtered", { bubbles: true, detail: { least } }));
  };

  // An organisation that no shown line reaches is left out with the line.
  const dimOrganisations = (graph) => {
    const used = new Set();
    for (const move of graph.querySelectorAll("g.move:not(.low)")) {
      for (const node of (move.dataset.nodes ?? "").split(" ")) used.add(node);
    }
    for (const node of graph.querySelectorAll("text[data-node]")) node.classList.toggle("low", !used.has(node.dataset.node));
  };

  const changed = (event) => {
    if (closest(event, ".ie-model .controls")) update(viewOf(event.target));
  };
  document.addEventListener("input", changed);
  document.addEventListener("change", changed);

  const saveCsv = (view) => {
    const table = view.querySelector(".overview table");
    const rows = [...table.querySelectorAll("tr[data-csv]:not(.low)")].map((row) => row.dataset.csv);
    const lines = [table.dataset.csv, ...rows].join("\r\n") + "\r\n";
    save(new Blob(["\ufeff", lines], { type: "text/csv;charset=utf-8" }), "departures.csv");
  };
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // What needs the script is shown by the script: the toolbar, and headers that sort.
  const enliven = (root) => {
    for (const view of root.querySelectorAll(".ie-model.view:not(.live)")) {
      view.classList.add("live");
      for (const header of view.querySelectorAll("th")) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = header.textContent;
        header.replaceChildren(button);
      }
    }
  };
  enliven(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node instanceof Element) enliven(node.parentNode ?? node);
    }
  }).observe(document.body, { childList: true, subtree: true });

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll(".ie-model details:not([open])")];
    folded.forEach((element) => { element.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((element) => { element.open = false; }));
})();
