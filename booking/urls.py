"""The booking form's address."""

from django.urls import path

from booking import views

urlpatterns = [path("", views.book, name="book")]
