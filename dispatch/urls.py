"""The crew's addresses."""

from django.urls import path

from dispatch.views import board, crew, job, member, office, session

urlpatterns = [
    path("", board.board, name="board"),
    path("board", board.board_part, name="board-part"),
    path("login/", session.SignIn.as_view(), name="login"),
    path("logout/", session.leave, name="logout"),
    path("account/", session.account, name="account"),
    path("account/days", session.own_days, name="own-days"),
    path("account/sign-out", session.sign_out_everywhere, name="sign-out-everywhere"),
    path("crew/", crew.crew, name="crew"),
    path("crew/new", crew.new_member, name="new-member"),
    path("crew/<str:username>/", crew.member, name="member"),
    path("crew/<str:username>/days", member.days, name="member-days"),
    path("crew/<str:username>/sick", member.sick, name="sick"),
    path("crew/<str:username>/access", member.access, name="access"),
    path("requests/", office.requests, name="requests"),
    path("jobs/new", office.new_job, name="new-job"),
    path("jobs/<str:job_id>", job.job, name="job"),
    path("jobs/<str:job_id>/move", job.move, name="move"),
    path("jobs/<str:job_id>/assign", job.assign, name="assign"),
    path("jobs/<str:job_id>/notes", job.notes, name="notes"),
    path("jobs/<str:job_id>/eta", job.eta, name="eta"),
    path("jobs/<str:job_id>/edit", job.edit, name="edit"),
    path("jobs/<str:job_id>/link", job.link, name="link"),
]
