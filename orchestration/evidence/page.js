// Makes each table's headers buttons that sort it: rising, then falling, then as it was.
"use strict";
(() => {
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const NUMBER = /^([<>]?)[= ]*([+-]?[\d,]*\.?\d+)/;

  // What a cell is sorted by; null where it says nothing. "< 0.001" comes before 0.001.
  function keyOf(row, column, numeric) {
    const text = row.cells[column].textContent.trim().replace("−", "-");
    if (/^[-–]?$/.test(text)) return null;
    if (!numeric) return text;
    const [, sign, digits] = text.match(NUMBER);
    return Number(digits.replaceAll(",", "")) + { "<": -1e-9, "": 0, ">": 1e-9 }[sign];
  }

  // Cells that say nothing stay at the end, whichever way the others go.
  function compare(a, b, way) {
    if (a === null || b === null) return (a === null) - (b === null);
    return way * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  }

  function sort(head, body, asItWas) {
    const turn = NEXT[head.getAttribute("aria-sort") ?? "none"];
    const keyed = asItWas.map((row) => [keyOf(row, head.cellIndex, head.className), row]);
    if (turn !== "none") keyed.sort(([a], [b]) => compare(a, b, turn === "ascending" ? 1 : -1));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    if (turn !== "none") head.setAttribute("aria-sort", turn);
    body.append(...keyed.map(([, row]) => row));
  }

  for (const { tHead, tBodies: [body] } of document.querySelectorAll("table")) {
    const asItWas = [...body.rows];
    for (const head of tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(head, body, asItWas));
      head.append(button);
    }
  }
})();
