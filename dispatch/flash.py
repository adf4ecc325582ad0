"""What a page says once, after a redirect; its cookie is worth nothing at another business."""

from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.core import signing
from django.http import HttpRequest


class BusinessCookieStorage(CookieStorage):
    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        slug = request.business.slug  # type: ignore[attr-defined]
        self.signer = signing.get_cookie_signer(salt=f"{self.key_salt}:{slug}")
