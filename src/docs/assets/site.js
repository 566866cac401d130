// @ts-check
// What every page has besides its text: the switch of the theme, search while one types, buttons that
// copy. All of it is an addition; without this file the pages do the same by links and forms.

(() => {
  "use strict";

  /** Results that are shown while one types. */
  const SHOWN_MAX = 12;

  // The theme, before anything is drawn. It is kept in this browser and sent nowhere.
  const KEY = "transom-theme";
  const root = document.documentElement;

  /** @returns {string | null} */
  function kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  /** @param {string | null} theme */
  function show(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  show(kept());

  function themes() {
    const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("site-theme"));
    if (!button) return;
    const dark = () => root.dataset.theme === "dark"
      || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    const label = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.setAttribute("aria-label", "Switch between light and dark");
    button.hidden = false;
    label();
    button.addEventListener("click", () => {
      const theme = dark() ? "light" : "dark";
      show(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // Kept for this page only.
      }
      label();
    });
  }

  /**
   * @typedef {[number, string, string, string, string, string]} Row kind, name, within, path, HTTP, summary
   * @typedef {{ row: Row, text: string, name: string }} Entry
   */

  /** @type {Promise<{ prefix: string, kinds: string[], entries: Entry[] }> | undefined} */
  let index;

  /** @param {string} url */
  function load(url) {
    index ??= fetch(url)
      .then((response) => response.json())
      .then(({ prefix, kinds, entries }) => ({
        prefix,
        kinds,
        entries: entries.map((/** @type {Row} */ row) => ({
          row,
          name: row[1].toLowerCase(),
          text: [row[1], `${row[2]}.${row[1]}`, `/${row[2]}/${row[1]}`, row[4], row[5]].join("\n").toLowerCase(),
        })),
      }))
      .catch((error) => {
        index = undefined;
        throw error;
      });
    return index;
  }

  /**
   * @param {Entry[]} entries
   * @param {string} asked
   */
  function best(entries, asked) {
    const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
    /** @type {{ score: number, entry: Entry }[]} */
    const found = [];
    for (const entry of entries) {
      let score = 0;
      for (const word of words) {
        if (!entry.text.includes(word)) { score = -1; break; }
        score += entry.name === word ? 8 : entry.name.startsWith(word) ? 4 : entry.name.includes(word) ? 2 : 1;
      }
      if (score > 0) found.push({ score, entry });
    }
    found.sort((a, b) => b.score - a.score);
    return found.slice(0, SHOWN_MAX).map(({ entry }) => entry.row);
  }

  function search() {
    const input = /** @type {HTMLInputElement | null} */ (document.getElementById("site-q"));
    const url = input?.dataset.index;
    if (!input || !url) return;
    const list = document.createElement("ul");
    list.className = "found";
    list.id = "site-found";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Found");
    input.after(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", "site-found");
    input.setAttribute("aria-expanded", "false");
    let selected = -1;
    /** @type {string[]} */
    let paths = [];

    /** @param {number} at */
    function select(at) {
      selected = at;
      [...list.children].forEach((item, place) => {
        item.setAttribute("aria-selected", String(place === at));
        if (place === at) item.scrollIntoView({ block: "nearest" });
      });
      if (at < 0) input?.removeAttribute("aria-activedescendant");
      else input?.setAttribute("aria-activedescendant", `site-found-${at}`);
    }

    function close() {
      list.hidden = true;
      input?.setAttribute("aria-expanded", "false");
      select(-1);
    }

    async function update() {
      const asked = input?.value.trim() ?? "";
      if (!asked) return close();
      const { prefix, kinds, entries } = await load(/** @type {string} */ (url));
      if (asked !== input?.value.trim()) return;
      const rows = best(entries, asked);
      paths = rows.map((row) => prefix + row[3]);
      list.replaceChildren(...rows.map((row, at) => {
        const item = document.createElement("li");
        item.id = `site-found-${at}`;
        item.setAttribute("role", "option");
        const name = document.createElement("span");
        name.className = "name";
        name.textContent = row[1];
        const about = document.createElement("small");
        about.textContent = [kinds[row[0]], row[4] || row[2]].filter(Boolean).join(" · ");
        item.append(name, about);
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          location.assign(paths[at]);
        });
        return item;
      }));
      list.hidden = rows.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      select(-1);
    }

    input.addEventListener("focus", () => { load(url).catch(() => undefined); }, { once: true });
    input.addEventListener("input", () => { update().catch(close); });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
        event.preventDefault();
        const count = list.children.length;
        const step = event.key === "ArrowDown" ? 1 : -1;
        select(selected < 0 && step < 0 ? count - 1 : (selected + step + count) % count);
      } else if (event.key === "Enter" && selected >= 0) {
        event.preventDefault();
        location.assign(paths[selected]);
      }
    });
    document.addEventListener("keydown", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const typing = target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        input.focus();
      }
    });
  }

  function copying() {
    for (const figure of document.querySelectorAll("figure.code")) {
      const code = figure.querySelector("code");
      if (!code || !navigator.clipboard) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code.textContent ?? "");
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      figure.append(button);
    }
  }

  /** Dates of changes as people say them: "2 days ago". */
  function ages() {
    const DAY = 24 * 60 * 60 * 1000;
    const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    for (const time of document.querySelectorAll("time")) {
      const days = Math.round((Date.parse(time.dateTime) - Date.now()) / DAY);
      if (Number.isNaN(days)) continue;
      time.title = time.dateTime;
      time.textContent = words.format(days, "day");
    }
  }

  /** A link to a field within something folded unfolds it. */
  function unfold() {
    const id = decodeURIComponent(location.hash.slice(1));
    let place = id ? document.getElementById(id)?.parentElement : null;
    for (; place; place = place.parentElement) {
      if (place instanceof HTMLDetailsElement) place.open = true;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    themes();
    search();
    copying();
    ages();
    unfold();
    addEventListener("hashchange", unfold);
  });
})();
