"""The `luoshi` command. Each noun is a module of this package, imported only when it is used."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from luoshi.kernel.errors import UserError, nearest

# noun -> one line of help; the module of the same name holds a click command called `group`.
NOUNS = {
    "account": "People who use Luoshi, and what they may do.",
    "alert": "Tell people what happened; run by a timer.",
    "audit": "The record of who did and saw what.",
    "board": "Where each promise stands.",
    "bulletin": "Bulletins and other papers, with their evidence.",
    "contract": "Family-doctor contracts: what time moves, signs, imports.",
    "code": "Health codes: keys, files for scanners, offline checks.",
    "demo": "A fictional city, from nothing to the board.",
    "duty": "What was given to whom, and where it stands.",
    "fhir": "Tell subscribers of the FHIR server what is new.",
    "identity": "Who is who: matching, reviews, joining and parting.",
    "imaging": "The archive of pictures.",
    "indicator": "Definitions and values.",
    "lake": "The columnar copy of the records.",
    "map": "Boundaries of divisions for the map.",
    "mcp": "Let a program ask, in the name of an account.",
    "plan": "Read, load and compare plan documents.",
    "quality": "Are the records right, in time, and real?",
    "recognition": "Alerts of results that may be recognised.",
    "records": "Check and ingest FHIR records.",
    "referral": "Clocks of referrals, and the exchange with other systems.",
    "region": "Divisions, institutions, departments.",
    "server": "Prepare the store and serve the pages.",
    "simulate": "Invent a region whose true answers are known.",
    "source": "Who sends records, their keys, feeds and silence.",
    "view": "Run SQL-on-FHIR views.",
}


class _Nouns(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NOUNS:
            ctx.fail(f"There is no command {cmd_name!r}. {nearest(cmd_name, NOUNS)}".rstrip())
        module = importlib.import_module(f"luoshi.cli.{cmd_name}")
        command: click.Command = module.group
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(NOUNS.items()))


@click.group(cls=_Nouns)
@click.version_option(package_name="luoshi")
def cli() -> None:
    """Luoshi 落实: read a health work plan, measure its promises from the records, see who must act."""


def django_setup() -> None:
    """Make the Django applications usable; called inside commands that need the store."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luoshi.project.settings")
    django.setup()


def main() -> None:
    """Entry point: what the user can mend becomes one line and exit status 2, never a traceback."""
    try:
        cli.main(prog_name=Path(sys.argv[0]).name.removesuffix(".py") or "luoshi")
    except UserError as error:
        click.echo(f"luoshi: {error}", err=True)
        raise SystemExit(2) from None
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Exception as error:
        from luoshi.cli.failures import in_words

        said = in_words(error)
        if said is None:
            raise
        click.echo(f"luoshi: {said}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
