"""Whether the truths that a test gives for a text depend on more than their own literals."""

import ast
import builtins


def computed(node: ast.AST) -> bool:
    """Whether an expression depends on more than its own literals and Python's built-ins."""
    if isinstance(node, ast.BoolOp):
        return all(computed(value) for value in node.values)
    own = {
        target.id
        for part in ast.walk(node)
        if isinstance(part, ast.comprehension)
        for target in ast.walk(part.target)
        if isinstance(target, ast.Name)
    }
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return bool(names - own - set(dir(builtins)) - {"math", "np", "torch"}) or any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)
        for part in ast.walk(node)
    )


def unproved(source: str) -> list[str]:
    """Claims of a test's source that would be true whatever torch did."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        truths = [*node.args[1:2], *[k.value for k in node.keywords if k.arg == "truth"]]
        if node.func.attr == "says" and not truths:
            truths = node.args[:1]  # the phrase itself is computed
        if node.func.attr in ("says", "tells", "plots"):
            found += [ast.unparse(node) for truth in truths if not computed(truth)]
    return found
