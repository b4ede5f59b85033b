// Texts that leave the page: into the clipboard, or as a file.

/**
 * Copy a text exactly. Pages that came without TLS from another machine have no clipboard: there the text is saved.
 * @param {string} text @param {string} name of the file
 */
export async function copyOrSave(text, name) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    save(text, name);
  }
}

/** Save a text as a file. @param {string} text @param {string} name */
export function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
