"""The numbers of a week, a month, or any span of days."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.domain.permissions import Permission
from dispatch.forms.numbers import NumbersForm
from dispatch.http import SiteRequest, crew_only
from dispatch.reports.numbers import named_spans, page


@require_safe
@crew_only(Permission.SEE_NUMBERS)
def numbers(request: SiteRequest) -> HttpResponse:
    business, today = request.business, request.business.today(wiring.now())
    form = NumbersForm(request.GET, today=today)
    span = form.cleaned_data["span"] if form.is_valid() else None
    context = {
        "form": form,
        "spans": named_spans(today),
        "span": span,
        "page": span and page(business, span, at_least=request.revision),
        "damaged": wiring.jobs(business).damaged_months,
    }
    return render(request, "dispatch/numbers.html", context, status=200 if span else 422)
