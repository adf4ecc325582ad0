"""Jobs out as CSV, and in: a file is looked at first, and nothing is written before it was."""

from collections.abc import Iterator
from itertools import chain, islice

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import wiring
from dispatch.domain.permissions import Permission
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import not_written
from dispatch.forms.spreadsheet import PAYMENTS, ColumnsForm, ExportForm, FileForm, count_text
from dispatch.http import SiteRequest, crew_only, see_other, with_revision
from dispatch.spreadsheet.export import jobs_csv, payments_csv
from dispatch.spreadsheet.reading import NoTable
from dispatch.spreadsheet.rows import Taken, book_of, taken
from dispatch.turns import in_turns

LINES = 50  # of a file, that are sent together
MOST_NAMED = 20  # rows that were left out, by their numbers


@require_safe
@crew_only(Permission.EXCHANGE)
def export(request: SiteRequest) -> HttpResponseBase:
    """`what` of the days `from` and `to`, as it is read."""
    business = request.business
    form = ExportForm(request.GET, today=business.today(wiring.now()))
    if not form.is_valid():
        return _page(request, export_form=form, status=422)
    (first, last), what = form.cleaned_data["days"], form.cleaned_data["what"]
    write = payments_csv if what == PAYMENTS else jobs_csv
    wiring.jobs(business).read(request.revision)
    chunks = _joined(write(business, first, last))
    begun = [next(chunks)]  # out of reach: a page says so
    response = StreamingHttpResponse(chain(begun, chunks), content_type="text/csv; charset=utf-8")
    name = f"{business.slug}-{what}-{first}-{last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _joined(lines: Iterator[str]) -> Iterator[str]:
    """To send and compress each line by itself takes twice as long as to write it."""
    while some := "".join(islice(lines, LINES)):
        yield some


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.EXCHANGE)
def import_jobs(request: SiteRequest) -> HttpResponse:
    """A `file`, which is looked at; then its `text` with what its columns are, until it is to be
    imported: `import` is how many jobs were seen to come, `seen` what was chosen then.
    """
    if request.method != "POST":
        return _page(request)
    try:
        columns = _columns(request)
    except InvalidFile as error:
        return _page(request, file_form=error.form, status=422)
    rows = list[Taken]()
    try:
        rows = _rows(request, columns)
        if "import" not in request.POST:
            return _preview(request, columns, rows)
        new = book_of(rows)
        # Fewer than were seen: what an import that was cut off has made is here already.
        seen = _count(request.POST["import"]) if request.POST.get("seen") == columns.seen else -1
        if len(new.entries) > seen:
            words = _("What would be imported has changed since you looked. Nothing was saved yet.")
            return _preview(request, columns, rows, said=words, status=409)
        count = wiring.archiver(request.business).include(new)
    except StoreUnavailable as error:
        return _preview(request, columns, rows, said=not_written(error), status=503)
    messages.success(request, _outcome(count, rows))
    revision = wiring.jobs(request.business).read().revision
    return with_revision(request, see_other("import"), revision)


def _count(sent: str) -> int:
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 6 else 0


class InvalidFile(Exception):
    """What was sent holds no rows; `form` says why."""

    def __init__(self, form: FileForm) -> None:
        super().__init__("no rows")
        self.form = form


def _columns(request: SiteRequest) -> ColumnsForm:
    """Of a new file, or of one that was looked at. Raises InvalidFile."""
    business = request.business
    if "text" not in request.POST:
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            raise InvalidFile(form)
        return ColumnsForm({}, business=business, sheet=form.cleaned_data["file"])
    try:
        return ColumnsForm(request.POST.dict(), business=business)
    except NoTable as error:
        form = FileForm({})
        form.add_error("file", str(error))
        raise InvalidFile(form) from error


def _page(
    request: SiteRequest,
    *,
    export_form: ExportForm | None = None,
    file_form: FileForm | None = None,
    status: int = 200,
) -> HttpResponse:
    today = request.business.today(wiring.now())
    context = {
        "export_form": export_form or ExportForm({}, today=today),
        "file_form": file_form or FileForm(),
        "damaged": wiring.jobs(request.business).damaged_months,
    }
    return render(request, "dispatch/import.html", context, status=status)


def _rows(request: SiteRequest, columns: ColumnsForm) -> list[Taken]:
    """None of them while it is not known how its days are written. Raises StoreUnavailable."""
    business = request.business
    if not columns.is_valid():
        return []
    roster, known = wiring.roster(business).read(), wiring.jobs(business).ids()
    by = request.user.username
    return list(taken(columns.sheet, columns.choices, business, roster, known, by=by))


def _preview(
    request: SiteRequest, columns: ColumnsForm, rows: list[Taken], said: str = "", status: int = 200
) -> HttpResponse:
    new = sum(row.is_new for row in rows)
    context = {
        "form": columns,
        "sheet": columns.sheet,
        "said": said,
        "wrong": [row for row in rows if row.wrong],
        "rows": list(_rendered(request, rows)),
        "new": new,
        "new_text": count_text(new),
        "known": sum(row.is_known for row in rows),
    }
    return render(request, "dispatch/import_preview.html", context, status=status)


def _rendered(request: SiteRequest, rows: list[Taken]) -> Iterator[str]:
    """The rows that are jobs, in turn with others: there may be thousands."""
    template, business = get_template("dispatch/_import_row.html"), request.business
    roster = wiring.roster(business).read()
    for row in in_turns(rows):
        if job := row.job:
            driver = roster.name_of(job.crew.driver) if job.crew.driver else ""
            yield template.render({"row": row, "job": job, "driver": driver, "business": business})


def _outcome(count: int, rows: list[Taken]) -> str:
    """`42 jobs imported. 3 were here already. Left out: rows 4, 9.`"""
    told = [_("{jobs} imported.").format(jobs=count_text(count))]
    if known := sum(row.is_known for row in rows):
        words = ngettext("{count} was here already.", "{count} were here already.", known)
        told.append(words.format(count=f"{known:,}"))
    if wrong := [str(row.row.number) for row in rows if row.wrong]:
        more = ", …" if len(wrong) > MOST_NAMED else ""
        words = ngettext("Left out: row {rows}.", "Left out: rows {rows}.", len(wrong))
        told.append(words.format(rows=", ".join(wrong[:MOST_NAMED]) + more))
    return " ".join(told)
