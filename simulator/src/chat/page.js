// The chat page. Everything shown is set as text, never as markup.
"use strict";

const $ = (selector) => document.querySelector(selector);
const make = (tag, content, kind) => {
  const element = document.createElement(tag);
  if (content !== undefined) element.textContent = content;
  if (kind) element.className = kind;
  return element;
};

let number = null;
let version = "";
let chats = [];
const added = JSON.parse(sessionStorage.getItem("customers") || "[]");
if (!added.length) added.push({ phone: "5511900000001", name: "Ana" });
let customer = sessionStorage.getItem("customer") || added[0].phone;

const everybody = () => {
  const known = new Map(added.map((one) => [one.phone, one.name]));
  for (const chat of chats) known.set(chat.phone, chat.name);
  return known;
};

const trouble = (text) => {
  $("#trouble").textContent = text || "";
  $("#trouble").hidden = !text;
};

const say = async (message, text) => {
  if (!number) await refresh();
  if (!number) return trouble("No number is registered yet: is the server running?");
  const body = { phone_number_id: number, from: customer, name: everybody().get(customer) || "Ana", text: text || "" };
  if (message) body.message = message;
  const answer = await fetch("_sim/say", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch((error) => ({ ok: false, text: async () => String(error) }));
  trouble(answer.ok ? "" : await answer.text());
  await refresh();
};

const tap = (kind, option, bubble) =>
  say({
    type: "interactive",
    context: { from: number, id: bubble.id },
    interactive: { type: kind, [kind]: { id: option.id, title: option.title } },
  });

const openList = (bubble) => {
  const dialog = $("#list");
  dialog.querySelector("h2").textContent = bubble.menu;
  dialog.querySelector("ul").replaceChildren(
    ...bubble.rows.map((row) => {
      const button = make("button", row.title);
      button.type = "button";
      if (row.description) button.append(make("small", row.description));
      button.addEventListener("click", () => {
        dialog.close();
        tap("list_reply", row, bubble);
      });
      const item = make("li");
      item.append(button);
      return item;
    }),
  );
  dialog.showModal();
};

// WhatsApp's own marks: *bold*, _italic_, ~struck~.
const formatted = (text) => {
  const line = make("div", undefined, "text");
  for (const piece of text.split(/(\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~)/)) {
    const tag = { "*": "strong", _: "em", "~": "s" }[piece[0]];
    line.append(tag && piece.length > 2 && piece.at(-1) === piece[0] ? make(tag, piece.slice(1, -1)) : piece);
  }
  return line;
};

const bubbleOf = (bubble) => {
  const item = make("li", undefined, bubble.mine ? "mine" : "");
  item.append(formatted(bubble.text));
  const time = new Date(bubble.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const when = make("div", time, "when");
  if (bubble.mine) {
    const ticks = make("span", bubble.ticks > 1 ? " ✓✓" : " ✓", bubble.ticks > 2 ? "read" : "");
    ticks.setAttribute("aria-label", [" ", "sent", "delivered", "read"][bubble.ticks]);
    when.append(ticks);
  }
  item.append(when);
  for (const option of bubble.buttons) {
    const button = make("button", option.title, "tap");
    button.addEventListener("click", () => tap("button_reply", option, bubble));
    item.append(button);
  }
  if (bubble.rows.length) {
    const button = make("button", `☰ ${bubble.menu}`, "tap");
    button.addEventListener("click", () => openList(bubble));
    item.append(button);
  }
  return item;
};

const show = (content) => {
  number = content.number;
  chats = content.chats;
  const options = [...everybody()].map(([phone, name]) => {
    const option = make("option", `${name} · ${phone}`);
    option.value = phone;
    option.selected = phone === customer;
    return option;
  });
  $("#customer").replaceChildren(...options);
  const chat = chats.find((one) => one.phone === customer) || { bubbles: [], typing: false };
  const list = $("#bubbles");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.replaceChildren(...chat.bubbles.map(bubbleOf));
  if (atEnd) list.scrollTop = list.scrollHeight;
  $("#typing").hidden = !chat.typing;
  let day = "";
  $("#agenda ol").replaceChildren(
    ...content.agenda.flatMap((row) => {
      const lines = [];
      if (row.day !== day) lines.push(make("li", row.day, "day"));
      day = row.day;
      lines.push(make("li", `${row.time}  ${row.what}\n${[row.who, row.state].filter(Boolean).join(" · ")}`, row.state));
      return lines;
    }),
  );
  $("#trace ol").replaceChildren(
    ...content.trace.map((step) => {
      const item = make("li");
      item.append(make("span", step.kind, "kind"), step.text || "");
      return item;
    }),
  );
  if (content.violations.length) trouble(content.violations.at(-1));
};

const refresh = async () => {
  const query = new URLSearchParams({ version, phone: customer });
  const answer = await fetch(`chat/state?${query}`).catch(() => null);
  if (!answer) return trouble("The server does not answer.");
  if (answer.status !== 200) return;
  const fresh = await answer.json();
  version = fresh.version;
  show(fresh.content);
};

const remember = () => {
  sessionStorage.setItem("customers", JSON.stringify(added));
  sessionStorage.setItem("customer", customer);
  version = "";
  refresh();
};

$("#customer").addEventListener("change", (event) => {
  customer = event.target.value;
  remember();
});
$("#another").addEventListener("click", async () => {
  if (!number) await refresh();
  const n = everybody().size + 1;
  const name = ["Ana", "Bruno", "Carla", "Diego", "Elena", "Felix"][(n - 1) % 6];
  added.push({ phone: `55119000000${String(n).padStart(2, "0")}`, name });
  customer = added.at(-1).phone;
  remember();
});
$("#composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("#text").value.trim();
  $("#text").value = "";
  if (text) say(null, text);
});
$("#voice").addEventListener("click", async () => {
  const text = $("#text").value.trim();
  if (!text) return trouble("Write what the voice note says, then tap the microphone.");
  $("#text").value = "";
  const answer = await fetch("_sim/voice", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  if (!answer.ok) return trouble(await answer.text());
  say(await answer.json(), text);
});
for (const button of document.querySelectorAll("nav button")) {
  button.addEventListener("click", () => {
    $("main").dataset.shown = button.dataset.panel;
    for (const other of document.querySelectorAll("nav button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}

refresh();
setInterval(refresh, 500);
