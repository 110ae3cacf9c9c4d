// Filters of the rules' index and of the matrix. No library; nothing is asked of any host.
"use strict";

// A release as numbers, to compare: 5.0.0rc1 comes before 5.0.0.
function releaseOf(text) {
  const found = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:rc(\d+))?$/.exec(text);
  if (!found) return null;
  const [major, minor, patch] = found.slice(1, 4).map((part) => Number(part || 0));
  return ((major * 1000 + minor) * 1000 + patch) * 1000 + (found[4] === undefined ? 999 : Number(found[4]));
}

function headingOf(table) {
  let before = (table.closest(".md-typeset__scrollwrap") || table).previousElementSibling;
  while (before && before.tagName !== "H2") before = before.previousElementSibling;
  return before;
}

// Hide rows that do not match, and a table and its heading without rows.
function show(table, matches) {
  let any = false;
  for (const row of table.tBodies[0].rows) {
    row.hidden = !matches(row);
    any = any || !row.hidden;
  }
  table.hidden = !any;
  const heading = headingOf(table);
  if (heading) heading.hidden = !any;
}

function filterRules(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const table of document.querySelectorAll("table.gc-rules")) {
    show(table, (row) => words.every((word) => row.textContent.toLowerCase().includes(word)));
  }
}

function filterMatrix(input) {
  const only = [...document.querySelectorAll("[data-gc-only]:checked")].map((box) => box.dataset.gcOnly);
  for (const code of document.querySelectorAll(".gc-matrix .gc-code")) {
    code.hidden = !only.every((kind) => code.classList.contains("gc-" + kind));
  }
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const releases = words.map(releaseOf);
  for (const table of document.querySelectorAll("table.gc-matrix")) {
    show(table, (row) =>
      words.every((word, index) => {
        const release = releases[index];
        if (release !== null) {
          return releaseOf(row.dataset.first) <= release && release <= releaseOf(row.dataset.last);
        }
        if (/^gc\d+/.test(word)) {
          return [...row.querySelectorAll(".gc-code:not([hidden])")].some((code) =>
            code.textContent.toLowerCase().startsWith(word));
        }
        return table.dataset.model.includes(word);
      }));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const input of document.querySelectorAll("[data-gc-filter]")) {
    input.addEventListener("input", () => filterRules(input));
  }
  for (const input of document.querySelectorAll("[data-gc-matrix]")) {
    const run = () => filterMatrix(input);
    input.addEventListener("input", run);
    for (const box of document.querySelectorAll("[data-gc-only]")) box.addEventListener("change", run);
    const asked = new URLSearchParams(location.search).get("show");
    if (asked) { input.value = asked; run(); }
  }
});
