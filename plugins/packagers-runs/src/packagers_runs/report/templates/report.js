"use strict";
// Tables of the class "sortable": the button in a heading sorts by its column, once more turns the order around. Cells say in data-v what
// they are sorted by, a number or text; those without stay at the end.
for (const table of document.querySelectorAll("table.sortable")) {
  const buttons = [...table.querySelectorAll("thead button")];
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const order = (a, b) => {
    const x = Number(a), y = Number(b);
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  buttons.forEach((button) => {
    button.disabled = false;
    button.addEventListener("click", () => {
      const heading = button.closest("th");
      const isUp = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of buttons) other.closest("th").setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      const keyed = rows.map((row) => [row.cells[heading.cellIndex].dataset.v, row]);
      const known = keyed.filter(([key]) => key !== undefined);
      const unknown = keyed.filter(([key]) => key === undefined);
      known.sort(([a], [b]) => (isUp ? order(a, b) : order(b, a)));
      body.append(...known.concat(unknown).map(([, row]) => row));
    });
  });
}
// Fields of the attribute data-rows: what is typed leaves of that table the rows that hold it.
for (const field of document.querySelectorAll("input[data-rows]")) {
  const rows = [...document.getElementById(field.dataset.rows).tBodies[0].rows].map((row) => [row.textContent.toLowerCase(), row]);
  const note = field.closest("p").querySelector("[role=status]");
  field.closest("p").hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [text, row] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    note.textContent = words.length ? `${shown} of ${rows.length}` : "";
  });
}
