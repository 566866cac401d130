// Shelves and books: calls with one answer, covers as plain pictures, and a form whose failures are
// worth reading.

import type { Book, Shelf } from "../gen/demo/library/v1/library_pb";
import { url } from "../gateway";
import { card, el, labelled } from "../ui/dom";
import { failureView } from "../ui/failure-view";
import { Outcome } from "../ui/outcome";
import { deadline, slider } from "../ui/slider";
import { money } from "../ui/words";
import type { Page, Stage } from "./page";

/** Days that may be asked for; the library lends for 1 to 60. */
const DAYS = [0, 1, 7, 14, 30, 60, 90];

export const library: Page = {
  id: "library",
  title: "Library",
  lead: "Calls with one answer. Borrow a book twice, or a fourth one, or for 90 days: the library says no in the details of its errors.",
  usesDialect: true,
  show,
};

function show({ root, dialect, signal }: Stage): void {
  const { library, failure } = dialect.calls;
  const shelves = el("div", { class: "chips", role: "group", "aria-label": "Shelves" });
  const books = el("ul", { class: "books" });
  const reader = el("input", { value: "ada", autocomplete: "off", maxlength: 60 });
  const days = slider("For how long", DAYS, 14, (count) => `${count} days`);
  const limit = deadline(2000);
  const options = () => ({ signal, timeoutMs: limit.timeoutMs });
  const outcome = new Outcome(dialect, "Choose a book, and borrow it.");
  const loans = el("ul", { class: "kept", "aria-label": "Lent from this page" });
  root.append(
    el("div", { class: "columns" },
      card("Books", shelves, books),
      el("div", { class: "stack sticky" },
        card("Lending desk", labelled("Reader", reader), days.element, limit.element, outcome.element, loans))),
  );

  const borrow = async (book: Book) => {
    const loan = await outcome.show(
      "LibraryService/BorrowBook",
      () => library.borrowBook({ name: book.name, reader: reader.value, days: days.value }, options()),
      (loan) => el("p", {}, el("strong", {}, book.title), ` is lent to ${loan.reader}`, loan.dueTime
        ? ` until ${new Date(Number(loan.dueTime.seconds) * 1000).toLocaleDateString("en", { dateStyle: "long" })}.` : "."),
      () => void borrow(book),
    );
    // On a phone the desk is below the books.
    outcome.element.scrollIntoView({ block: "nearest" });
    if (!loan) return;
    const entry = el("li", {}, el("div", { class: "spread" }, el("span", {}, el("strong", {}, book.title), ` · ${loan.reader}`),
      el("button", { type: "button", "aria-label": `Bring back ${book.title}`, onclick: () => void bringBack(book, entry) }, "Bring back")));
    loans.append(entry);
  };
  const bringBack = async (book: Book, entry: HTMLElement) => {
    const isBack = await outcome.show("LibraryService/ReturnBook", () => library.returnBook({ name: book.name }, options()),
      () => el("p", {}, el("strong", {}, book.title), " is back on its shelf."));
    if (isBack) entry.remove();
  };

  const open = async (shelf: Shelf, chip: HTMLElement) => {
    for (const other of shelves.children) other.setAttribute("aria-pressed", String(other === chip));
    books.setAttribute("aria-busy", "true");
    try {
      const page = await library.listBooks({ parent: shelf.name, pageSize: 50 }, options());
      if (chip.getAttribute("aria-pressed") === "true") fill(page.books);
    } catch (error) {
      books.replaceChildren(failureView(failure(error), () => void open(shelf, chip)));
    } finally {
      books.removeAttribute("aria-busy");
    }
  };

  const fill = (found: Book[]) =>
    books.replaceChildren(...(found.length > 0
      ? found.map((book) => bookView(book, () => void borrow(book)))
      : [el("li", { class: "dim wide" }, "No book stands here.")]));

  const begin = async () => {
    try {
      const page = await library.listShelves({ pageSize: 50 }, options());
      const chips = page.shelves.map((shelf) => {
        const chip = el("button", { type: "button", class: "chip", onclick: () => void open(shelf, chip) },
          shelf.theme, el("span", { class: "count" }, String(shelf.bookCount)));
        return chip;
      });
      shelves.replaceChildren(...chips);
      chips[Math.max(0, page.shelves.findIndex((shelf) => shelf.bookCount > 0))]?.click();
    } catch (error) {
      if (!signal.aborted) books.replaceChildren(el("li", { class: "wide" }, failureView(failure(error), () => void begin())));
    }
  };
  void begin();
}

function bookView(book: Book, borrow: () => void): HTMLElement {
  return el("li", { class: "book" },
    // A google.api.HttpBody behind a binding is a picture like any other.
    el("img", { src: url(`/v1/${book.name}/cover`), alt: "", width: 72, height: 108, loading: "lazy" }),
    el("div", {},
      el("h3", {}, book.title),
      el("p", { class: "dim" }, book.authors.join(", ") || "anonymous"),
      el("p", { class: "dim" }, [book.pages && `${book.pages} pages`, book.price && money(book.price), book.rating && `★ ${book.rating.toFixed(1)}`]
        .filter(Boolean).join(" · ")),
      el("button", { type: "button", onclick: borrow, "aria-label": `Borrow ${book.title}` }, "Borrow")));
}
