"""The base of the commands: `--business`, `--dry-run`, one clear line on failure."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from dispatch.domain.business import Business
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.typed.texts import harmless


class HarmlessOutput(OutputWrapper):
    """Texts of strangers do not steer the terminal."""

    def write(  # type: ignore[override]
        self, msg: str = "", style_func: Any = None, ending: str | None = None
    ) -> None:
        super().write(harmless(msg), style_func, ending)


class SiteCommand(BaseCommand):
    """All that our commands say goes through `HarmlessOutput`."""

    requires_system_checks = ()  # they look at every page: `make check` does it, once

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for stream in (self.stdout, self.stderr):
            stream.__class__ = HarmlessOutput

    def execute(self, *args: Any, **options: Any) -> str | None:
        for name in ("stdout", "stderr"):  # of `call_command`
            if options.get(name):
                options[name] = HarmlessOutput(options[name], ending="")
        return super().execute(*args, **options)


class BusinessCommand(SiteCommand):
    """`--business`, and storage errors as one line and a non-zero exit."""

    def add_arguments(self, parser: CommandParser) -> None:
        slugs = [business.slug for business in settings.BUSINESSES]
        parser.add_argument("--business", choices=slugs, help="which one, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["business"]
        if slug is None and len(settings.BUSINESSES) > 1:
            raise CommandError("There are several businesses: name one with --business.")
        business = next(each for each in settings.BUSINESSES if slug in (None, each.slug))
        try:
            self.run(business, options)
        except StoreUnavailable as error:
            raise CommandError(str(error)) from error

    def create_table(self, table: Any, dry_run: bool) -> None:
        """A DynamoDB table of `wiring`'s, if it is not there."""
        if table.exists():
            if not dry_run:
                table.create()  # what was not set up yet is
            self.stdout.write(f"The DynamoDB table {table.name} is there already")
        elif dry_run:
            self.stdout.write(f"Would make the DynamoDB table {table.name}, billed by use")
        else:
            self.stdout.write(f"Making the DynamoDB table {table.name} …")
            made = table.create()
            self.stdout.write("It is ready" if made else "Somebody else was faster: it is there")

    def run(self, business: Business, options: dict[str, Any]) -> None:
        raise NotImplementedError


def add_dry_run(parser: CommandParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, do nothing")
