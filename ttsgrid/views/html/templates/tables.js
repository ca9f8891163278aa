// Tables that sort by a column, show the rows with a word, and are saved as CSV.
"use strict";

const FEW_ROWS = 4; // nobody filters a table that is seen whole

for (const box of document.querySelectorAll(".table:not(.brief)")) {
  const table = box.querySelector("table");
  if (table.tBodies[0].rows.length >= FEW_ROWS) addTools(box, table);
}

function addTools(box, table) {
  const rows = [...table.tBodies[0].rows];
  table.tHead.querySelectorAll("th").forEach((heading, column) => {
    const button = element("button", { type: "button", className: "sort" });
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(table, heading, column));
  });
  const title = box.querySelector("h3").textContent;
  const word = element("input", { type: "search", placeholder: "Filter rows", autocomplete: "off" });
  word.setAttribute("aria-label", `Filter the rows of: ${title}`);
  const number = element("span", { className: "rows" });
  number.setAttribute("role", "status");
  word.addEventListener("input", () => filter(table, rows, word.value, number));
  const save = element("button", { type: "button", className: "save", textContent: "Download CSV" });
  save.setAttribute("aria-label", `Download as CSV: ${title}`);
  save.addEventListener("click", () => download(`${title}.csv`, csvOf(table)));
  const tools = element("div", { className: "tools" });
  tools.append(word, save, number);
  box.querySelector(".scroll").before(tools);
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

function textOf(cell) {
  return cell.querySelector(".text, .tone")?.textContent.trim() ?? cell.textContent.trim();
}

// 4.2 G is more than 900 M, and a dash is nothing.
const PREFIXES = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };

function numberOf(text) {
  const found = /^([+\u2212-]?[\d,]*\.?\d+(?:e[+-]?\d+)?)\s*([kMGTPE]?)(?![a-z])/u.exec(text);
  if (!found) return null;
  return Number(found[1].replace("\u2212", "-").replaceAll(",", "")) * (PREFIXES[found[2]] ?? 1);
}

function sort(table, heading, column) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => {
    const text = textOf(row.cells[column]);
    return { row, text, number: numberOf(text) };
  });
  const ways = rows.every(({ text, number }) => number !== null || text === "\u2013" || !text);
  const order = ways ? byNumber(down) : (a, b) => (down ? -1 : 1) * a.text.localeCompare(b.text);
  rows.sort(order);
  table.tBodies[0].append(...rows.map(({ row }) => row));
  regroup(table);
}

// What has no number stays last, whichever way.
function byNumber(down) {
  return (a, b) => {
    if (a.number === null || b.number === null) return (a.number === null) - (b.number === null);
    return down ? b.number - a.number : a.number - b.number;
  };
}

function filter(table, rows, word, number) {
  const wanted = word.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  const shown = rows.filter((row) => !row.hidden).length;
  number.textContent = wanted ? `${shown} of ${rows.length} rows` : "";
  regroup(table);
}

function regroup(table) {
  let last = null;
  for (const row of table.tBodies[0].rows) {
    if (row.hidden) continue;
    const name = textOf(row.cells[0]);
    row.className = name === last ? "again" : "group";
    last = name;
  }
}

// Each column, and beside it what stands small in it: an interval, a choice.
function csvOf(table) {
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const columns = [...table.tHead.querySelectorAll("th")].flatMap((heading, i) => {
    const name = heading.textContent.trim();
    const small = (row, kind) => row.cells[i].querySelector(kind)?.textContent.trim() ?? "";
    const parts = [{ name, of: (row) => textOf(row.cells[i]) }];
    for (const [what, kind] of [["interval", "small:not(.detail)"], ["note", "small.detail"]]) {
      if (rows.some((row) => small(row, kind))) {
        parts.push({ name: `${name}: ${what}`, of: (row) => small(row, kind) });
      }
    }
    return parts;
  });
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ of }) => of(row)))];
  return `${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

function quoted(text) {
  const plain = text.replaceAll("\u00a0", " ").replaceAll("\u2212", "-");
  return /[",\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
  const link = element("a", { href: url, download: name.replaceAll(/[^\w .-]+/g, "-") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
