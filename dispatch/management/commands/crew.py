"""`manage.py crew …`: the roster, from a shell, and its DynamoDB table."""

import getpass
import sys
from functools import partial
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from msgspec.structs import replace

from dispatch import roster, wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES
from dispatch.domain.permissions import Rank
from dispatch.domain.roster import Member, MemberNotFound, Roster, username_refusal
from dispatch.domain.stored.document import StaleWrite
from dispatch.explain import explain
from dispatch.management.commands._command import BusinessCommand, add_dry_run
from dispatch.management.commands._days import (
    day_of,
    days_by_member,
    days_of,
    in_words,
    jobs_in_the_way,
)


class Command(BusinessCommand):
    help = (
        "The roster: add, list, password, deactivate, away, restore, create-table, upgrade-table."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="a new member")
        add.add_argument("name", help="what they sign in as; small letters, digits, . _ -")
        add.add_argument("--full-name", help="as others read it; their sign-in name if not said")
        add.add_argument("--rank", required=True, choices=[rank.value for rank in Rank])
        add.add_argument("--role", action="append", default=[], choices=ROLES)
        add.add_argument("--phone", default="")
        add.add_argument("--email", default="")
        listing = actions.add_parser("list", help="who is on the crew")
        listing.add_argument("--all", action="store_true", help="those who have left too")
        listing.add_argument("--from", dest="start", type=day_of, help="days off from this day on")
        listing.add_argument("--to", dest="end", type=day_of, help="… and up to this one")
        password = actions.add_parser("password", help="a new password; ends their sessions")
        deactivate = actions.add_parser("deactivate", help="ends their access; history keeps them")
        off = actions.add_parser("away", help="days off, and --back from them")
        off.add_argument("name")
        off.add_argument("start", type=day_of, metavar="DATE", help="such as 2026-05-23")
        off.add_argument("--to", dest="end", type=day_of, metavar="DATE", help="the last day")
        off.add_argument("--windows", default="", help="such as morning,afternoon; else all day")
        off.add_argument("--roles", default="", help="those left, such as first_mate; else none")
        off.add_argument("--back", action="store_true", help="free again")
        table = actions.add_parser("create-table", help="the DynamoDB table, if it is not there")
        upgrade = actions.add_parser(
            "upgrade-table", help="bring over a roster that its table has as it once was laid out"
        )
        restoring = actions.add_parser(
            "restore",
            help="roster, settings and stops as they last were, where they are damaged or gone",
        )
        for parser_ in (password, deactivate):
            parser_.add_argument("name")
        for parser_ in (add, password):
            parser_.add_argument("--password-stdin", action="store_true")
        for parser_ in (add, password, deactivate, off, restoring, table, upgrade):
            add_dry_run(parser_)

    def run(self, business: Business, options: dict[str, Any]) -> None:
        try:
            getattr(self, f"_{options['action'].replace('-', '_')}")(business, options)
        except MemberNotFound as error:
            raise CommandError(f"Nobody called {error} is on the roster.") from error
        except roster.NameTaken as error:
            raise CommandError(f"{error} is on the roster already.") from error
        except roster.LastDispatcher as error:
            raise CommandError(explain(error, business)) from error

    def _add(self, business: Business, options: dict[str, Any]) -> None:
        member = _new_member(business, options)
        if wiring.roster(business).read().value(member.username):
            raise roster.NameTaken(member.username)
        if not options["dry_run"]:
            password = _read_password(options["password_stdin"])
            roster.add(business, replace(member, password=password))
        verb = "Would add" if options["dry_run"] else "Added"
        self.stdout.write(f"{verb} {_line(business, member)}")

    def _list(self, business: Business, options: dict[str, Any]) -> None:
        known = wiring.roster(business).read()
        members = [member for member in known.members if member.active or options["all"]]
        days = days_by_member(business, options["start"], options["end"])
        for member in members:
            for line in (_line(business, member), *days.get(member.username, [])):
                self.stdout.write(line)
        for problem in known.problems:
            self.stderr.write(f"Cannot be read: {problem}")

    def _password(self, business: Business, options: dict[str, Any]) -> None:
        username = wiring.roster(business).read().member(options["name"]).username
        if options["dry_run"]:
            self.stdout.write(f"Would set a new password for {username} and end their sessions")
            return
        password = _read_password(options["password_stdin"])
        roster.change_member(business, username, lambda member: member.with_password(password))
        self.stdout.write(f"{username} has a new password; their sessions have ended")

    def _deactivate(self, business: Business, options: dict[str, Any]) -> None:
        known = wiring.roster(business).read()
        member = known.member(options["name"])
        if options["dry_run"]:
            if known.keepers == (member,):
                raise roster.LastDispatcher
            self.stdout.write(f"Would deactivate {member.username}")
            return
        roster.deactivate(business, member.username)
        self.stdout.write(f"{member.username} can no longer sign in")

    def _away(self, business: Business, options: dict[str, Any]) -> None:
        days, is_back = days_of(business, options), options["back"]
        step = partial(days.on if is_back else days.off, business=business)
        before = wiring.roster(business).read().member(options["name"])
        after = step(before)
        told = f"{before.username} is {'free again' if is_back else 'away'} {in_words(days)}"
        if after == before:
            self.stdout.write(f"{told} already; nothing to do")
            return
        if options["dry_run"]:
            self.stdout.write(f"Would note: {told}")
        else:
            after = roster.change_member(business, before.username, step)
            self.stdout.write(told)
        for line in jobs_in_the_way(business, after, days):
            self.stdout.write(line)

    def _restore(self, business: Business, options: dict[str, Any]) -> None:
        dry = options["dry_run"]
        try:
            mended = wiring.roster(business).put_back(dry=dry)
            # Of many nobody ever set anything, or said stop: what is not there may never have been.
            for others in (wiring.overrides(business), wiring.stops(business)):
                found = others.put_back(dry=dry)
                mended |= {name: True for name, is_kept in found.items() if is_kept}
        except StaleWrite as error:
            raise CommandError("Somebody has just changed the roster: run this again.") from error
        for name, is_kept in mended.items():
            if not is_kept:
                raise CommandError(f"Of {name} no version is kept that can be read.")
            self.stdout.write(f"{'Would put' if dry else 'Put'} back {name} as it last was")
        if not mended:
            raise CommandError(
                "Roster, settings and stops are there: there is nothing to put back."
            )

    def _create_table(self, business: Business, options: dict[str, Any]) -> None:
        if table := wiring.roster_table():
            self.create_table(table, options["dry_run"])
        else:
            self.stdout.write("The roster is a file: there is no table to make")

    def _upgrade_table(self, business: Business, options: dict[str, Any]) -> None:
        old = wiring.old_roster(business)
        known = old and old.read()
        if not old or not known:
            self.stdout.write("There is nothing to bring over")
            return
        days = sum(len(member.availability) for member in known.members)
        told = f"the roster (members: {len(known.entries)}, days off: {days})"
        if options["dry_run"]:
            self.stdout.write(f"Would bring over {told}")
            return
        try:
            old.bring_over(wiring.now())
        except StaleWrite as error:
            raise CommandError("Somebody has just changed the roster: run this again.") from error
        self.stdout.write(f"Brought over {told}; what was of old is gone")


def _new_member(business: Business, options: dict[str, Any]) -> Member:
    name, at = options["name"], wiring.now()
    if refusal := username_refusal(name):
        raise CommandError(f"{name!r} cannot be a member. {refusal}")
    full_name = options["full_name"]
    if full_name is None:
        full_name = name.replace(".", " ").title()
    try:
        typed = {"name": full_name, "phone": options["phone"], "email": options["email"]}
        member = Member(
            username=name,
            name=name,
            rank=Rank(options["rank"]),
            roles=tuple(dict.fromkeys(options["role"])),
            created_at=at,
            updated_at=at,
        )
        member = replace(member, **job_input.member(typed, business))
        Roster().put(member)
    except ValueError as error:
        raise CommandError(f"{name!r} cannot be a member: {error}") from error
    return member


def _read_password(from_stdin: bool) -> str:
    """The hash of a new password, asked for twice at a terminal."""
    if from_stdin:
        try:
            password = sys.stdin.readline().removeprefix("\N{BYTE ORDER MARK}").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise CommandError("The password is not UTF-8.") from error
    else:
        try:
            password, again = getpass.getpass("New password: "), getpass.getpass("Once more: ")
        except EOFError as error:
            raise CommandError("There is nobody to ask: use --password-stdin.") from error
        if again != password:
            raise CommandError("Those two are not the same.")
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return make_password(password)


def _line(business: Business, member: Member) -> str:
    name = " ".join(member.name.split())
    parts = [f"{member.username:12}", f"{member.rank:10}", name, ", ".join(member.roles)]
    if member.phone:
        parts.append(business.phone_text(member.phone))
    if not member.active:
        parts.append("(left)")
    return "  ".join(filter(None, parts)).rstrip()
