"""The command that fills the screen: `dash`."""

from compmake.errors import UserError
from compmake.ui.commands.registry import Arguments, Option, Reply, command
from compmake.ui.commands.session import Session


@command(
    "dash",
    "Open the dashboard: how a make goes, job by job, on the whole screen.",
    section="look",
    options=(Option("control", "in another terminal: let it act on the make, and change the store"),),
    examples=("dash", "dash; ls failed"),
    of_store=True,
)
def dash(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """In the console, or from another terminal or machine, where it only looks unless `--control` is said."""
    show = session.output.show_dashboard
    if show is None:
        raise UserError(
            "the dashboard needs a capable terminal: no pipe, TERM not dumb, ui not plain; "
            "`watch` tells the same in lines"
        )
    show()
    return Reply()
