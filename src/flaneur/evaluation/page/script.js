"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Tables that sort by a click on a heading; what is not measured stays last.
  for (const table of all("table[data-sort]")) {
    const body = table.tBodies[0];
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const cell = (row) => row.cells[column];
        const number = (row) => (cell(row).dataset.v === undefined ? NaN : Number(cell(row).dataset.v));
        const up = (head.getAttribute("aria-sort") ?? (column ? "ascending" : "descending")) !== "ascending";
        const sign = up ? 1 : -1;
        const byName = (a, b) => sign * cell(a).textContent.localeCompare(cell(b).textContent);
        const byNumber = (a, b) => {
          const [x, y] = [number(a), number(b)];
          return isNaN(x) ? (isNaN(y) ? 0 : 1) : isNaN(y) ? -1 : sign * (x - y);
        };
        const sums = all("tr.sum", body);
        const rows = all("tr:not(.sum)", body).sort(column ? byNumber : byName);
        body.append(...rows, ...sums);
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
      });
    });
  }

  // The confusion matrix: size, order, what its cells show, a line that says where one is.
  const matrix = document.querySelector(".matrix");
  const readout = document.querySelector(".readout");
  const tools = document.querySelector(".tools");
  const table = tools && matrix?.querySelector("table"); // other matrices have no tools, and stay as they are
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);

  function resize(cell) {
    const size = Math.min(96, Math.max(6, cell));
    matrix.style.setProperty("--cell", `${size}px`);
    matrix.classList.toggle("tiny", size < 2.1 * rem);
  }

  function fit() {
    const count = table.tHead.rows[0].cells.length - 2;
    const names = table.tHead.rows[0].cells[0].offsetWidth + table.tHead.rows[0].cells[count + 1].offsetWidth;
    const gap = parseFloat(getComputedStyle(table).borderSpacing);
    resize((matrix.clientWidth - names - gap * (count + 3)) / count);
  }

  function reorder(kind) {
    const rows = all("tbody tr", table);
    const key = {
      own: (row) => Number(row.dataset.own),
      name: (row) => row.cells[0].textContent,
      right: (row) => Number(row.dataset.right),
      alike: (row) => Number(row.dataset.alike),
    }[kind];
    const compare = kind === "name" ? (a, b) => key(a).localeCompare(key(b)) : (a, b) => key(a) - key(b);
    const sorted = [...rows].sort(compare);
    const columns = sorted.map((row) => Number(row.dataset.own));
    for (const row of [...table.tHead.rows, ...rows, ...table.tFoot.rows]) {
      const cells = [...row.cells];
      cells.slice(1, -1).forEach((cell) => (cell.dataset.column ??= String(cell.cellIndex - 1)));
      const at = new Map(cells.slice(1, -1).map((cell) => [Number(cell.dataset.column), cell]));
      row.append(...columns.map((column) => at.get(column)), cells.at(-1));
    }
    table.tBodies[0].append(...sorted);
  }

  function mark(cell) {
    all(".here", table).forEach((other) => other.classList.remove("here"));
    if (!cell?.title) return;
    cell.classList.add("here");
    cell.parentElement.cells[0].classList.add("here");
    table.tHead.rows[0].cells[cell.cellIndex].classList.add("here");
    readout.textContent = cell.title;
  }

  // One stop for the Tab key; the arrow keys go on from there to the next cell that leads to photos.
  function walk(event) {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    const cell = event.target.closest("td");
    if (!step || !cell) return;
    event.preventDefault();
    let [x, y] = [cell.cellIndex, cell.parentElement.sectionRowIndex];
    const rows = table.tBodies[0].rows;
    while (rows[(y += step[1])]?.cells[(x += step[0])]) {
      const link = rows[y].cells[x].querySelector("a");
      if (!link) continue;
      event.target.tabIndex = -1;
      link.tabIndex = 0;
      link.focus();
      return;
    }
  }

  if (table) {
    all("tbody tr", table).forEach((row, index) => (row.dataset.own = String(index)));
    tools.hidden = readout.hidden = false;
    resize(parseFloat(getComputedStyle(matrix).getPropertyValue("--cell")) * rem);
    tools.addEventListener("click", ({ target }) => {
      const zoom = target.closest("[data-zoom]")?.dataset.zoom;
      if (zoom === "fit") fit();
      else if (zoom) resize(parseFloat(matrix.style.getPropertyValue("--cell")) * Number(zoom));
    });
    tools.querySelector("[data-order]").addEventListener("change", ({ target }) => reorder(target.value));
    tools.querySelector("[data-show]").addEventListener("change", ({ target }) => (matrix.dataset.show = target.value));
    table.addEventListener("mouseover", ({ target }) => mark(target.closest("tbody td")));
    table.addEventListener("focusin", ({ target }) => mark(target.closest("tbody td")));
    table.addEventListener("keydown", walk);
    all("a", table).forEach((link, index) => (link.tabIndex = index ? -1 : 0));
  }

  // A cell opens its photos above the page.
  const dialog = document.querySelector("dialog");
  table?.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const block = link && document.getElementById(link.hash.slice(1));
    if (!block) return;
    event.preventDefault();
    dialog.querySelector("h2").textContent = block.querySelector("p").textContent;
    dialog.lastElementChild.replaceChildren(block.querySelector(".photos").cloneNode(true));
    dialog.showModal();
    dialog.querySelector("h2").focus();
  });
  dialog?.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog?.addEventListener("close", () => dialog.lastElementChild.replaceChildren());

  // The contents tell where one is.
  const links = new Map(all(".toc a").map((link) => [document.getElementById(link.hash.slice(1)), link]));
  let waiting = false;
  function here() {
    waiting = false;
    const top = (head) => head.getBoundingClientRect().top;
    const passed = [...links.keys()].filter((head) => top(head) < innerHeight / 4);
    const now = links.get(passed.find((head) => top(head) === top(passed.at(-1)))) ?? links.values().next().value;
    links.forEach((link) => link.removeAttribute("aria-current"));
    now?.setAttribute("aria-current", "true");
  }
  addEventListener("scroll", () => {
    if (!waiting) requestAnimationFrame(here);
    waiting = true;
  });
  here();

  // On paper everything that is folded lies open, but for the photos behind the matrix.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open], .album)");
    folded.forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => folded.forEach((part) => (part.open = false)));
})();
