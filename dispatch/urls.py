"""The crew's addresses."""

from django.urls import path

from dispatch.views import (
    board,
    history,
    job,
    new_job,
    requests,
    schedule,
    settings,
    several,
)
from dispatch.views.crew import account, cover, roster
from dispatch.views.customer import messages
from dispatch.views.reports import numbers, sheet, spreadsheet
from dispatch.views.visit import bill, day, offline, photos, position

urlpatterns = [
    path("", board.board, name="board"),
    path("board", board.board_part, name="board-part"),
    path("login/", account.SignIn.as_view(), name="login"),
    path("logout/", account.leave, name="logout"),
    path("account/", account.account, name="account"),
    path("account/days", account.own_days, name="own-days"),
    path("account/calendar", account.own_calendar, name="own-calendar"),
    path("account/sign-out", account.sign_out_everywhere, name="sign-out-everywhere"),
    path("crew/", roster.members, name="roster"),
    path("crew/new", roster.new_member, name="new-member"),
    path("crew/<str:username>/", roster.member, name="member"),
    path("crew/<str:username>/days", roster.days, name="member-days"),
    path("crew/<str:username>/sick", roster.sick, name="sick"),
    path("crew/<str:username>/cover", cover.cover, name="cover"),
    path("crew/<str:username>/access", roster.access, name="access"),
    path("history/", history.history, name="history"),
    path("schedule/", schedule.week, name="schedule"),
    path("schedule/place", schedule.place, name="place"),
    path("settings/", settings.settings, name="settings"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("requests/", requests.requests, name="requests"),
    path("jobs/new", new_job.new_job, name="new-job"),
    path("jobs/several", several.several, name="several"),
    path("day/", day.day, name="day"),
    path("day/part", day.day_part, name="day-part"),
    path("day/order", day.day_order, name="day-order"),
    path("day/sheet", sheet.day_sheet, name="day-sheet"),
    path("day/token", offline.token, name="day-token"),
    path("sw.js", offline.worker, name="worker"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("export.csv", spreadsheet.export, name="export"),
    path("import/", spreadsheet.import_jobs, name="import"),
    path("jobs/sheet", sheet.sheets, name="sheets"),
    path("jobs/<str:job_id>", job.job, name="job"),
    path("jobs/<str:job_id>/sheet", sheet.sheet, name="sheet"),
    path("jobs/<str:job_id>/move", job.move, name="move"),
    path("jobs/<str:job_id>/assign", job.assign, name="assign"),
    path("jobs/<str:job_id>/notes", job.notes, name="notes"),
    path("jobs/<str:job_id>/eta", job.eta, name="eta"),
    path("jobs/<str:job_id>/position", position.position, name="position"),
    path("jobs/<str:job_id>/edit", job.edit, name="edit"),
    path("jobs/<str:job_id>/link", job.link, name="link"),
    path("jobs/<str:job_id>/quote", bill.quote, name="quote"),
    path("jobs/<str:job_id>/pay", bill.pay, name="pay"),
    path("jobs/<str:job_id>/resume", messages.resume, name="resume"),
    path("jobs/<str:job_id>/messages", messages.send_again, name="messages"),
    path("jobs/<str:job_id>/photos", photos.add, name="photos"),
    path("jobs/<str:job_id>/photos/<str:photo_id>", photos.photo, name="photo"),
]
