"""The booking form's addresses: its own, and under a customer's link."""

from django.urls import path

from booking import views

urlpatterns = [
    path("book/", views.book, name="book"),
    # Before all other addresses of a link, the last of which takes whatever else begins like one.
    path("track/<str:token>/again", views.again, name="track-again"),
]
