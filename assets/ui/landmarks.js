// Material gives each block of code a landmark for its copy button, all without a name.
// Screen readers list landmarks, so each gets one here, also after instant navigation.

function nameBlocks() {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([aria-label])")) {
    const number = Number(nav.parentElement.id.replace(/\D/g, "")) + 1;
    nav.setAttribute("aria-label", `Code block ${number}`);
  }
}
nameBlocks();
new MutationObserver(nameBlocks).observe(document.body, { childList: true, subtree: true });
