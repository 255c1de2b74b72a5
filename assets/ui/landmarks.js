// Material gives each block of code a landmark for its copy button, all without a name.
// Screen readers list landmarks, so each gets one here, also after instant navigation.

function nameBlocks() {
  const blocks = document.querySelectorAll("nav.md-code__nav");
  for (const [n, nav] of blocks.entries()) nav.setAttribute("aria-label", `Code block ${n + 1}`);
}
nameBlocks();
new MutationObserver(nameBlocks).observe(document.body, { childList: true, subtree: true });
