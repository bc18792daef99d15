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
