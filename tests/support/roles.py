"""Write docs/roles.md, who may do what, from the rights in the code: `python -m tests.support.roles`."""

from __future__ import annotations

from pathlib import Path

from bot.rights import ROLES, RULES

DOC = Path(__file__).parents[2] / "docs" / "roles.md"
HEAD = """# Who may do what

Somebody gets a role for one service, or for all of them, by an invitation: `civicloop invite --role organiser --service
library --name Maya`. It works once, for seven days. `civicloop staff list` shows who has which role, `civicloop staff
remove` takes it away. What somebody may not see does not exist for them: the address of such a page says "not found".

Whoever may open the machine itself stands above all roles: they can read the database. Name them on purpose.

"""
FOOT = """
Whom of those who agreed a round asks is chosen only by services whose answers one may open; who asks people of
another service as well needs a role there. Nobody signs a round that they have written, changed or renamed
themselves, whatever their roles. An operator reads no answers. Every look in the browser at the answers behind a
figure, at the texts of a theme, at photos, voice messages and the words beside them, and at what citizens wrote to
the service, and every look in the chat at such answers or texts, is written down with the name of who looked; so are
roles given and taken, blocks, and acts on themes and actions: `civicloop staff looked` shows and proves it. Every file
of answers that is taken away, and every publication, stands in the log of its round.
"""


def page() -> str:
    """Return the page as it should be."""
    rows = [f"| | {' | '.join(ROLES)} |", f"| --- {'| :---: ' * len(ROLES)}|"]
    for rule in RULES.values():
        cells = " | ".join("yes" if role in rule.holders else "–" for role in ROLES)
        rows.append(f"| {rule.meaning} | {cells} |")
    return HEAD + "\n".join(rows) + "\n" + FOOT


if __name__ == "__main__":
    DOC.write_text(page(), encoding="utf-8")
