"""Static files under names that change with their content, and those of every release."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

from dispatch.domain.stored.document import StoreUnavailable
from qdn_site import errors
from qdn_site.releases import pages


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Scripts import each other by their hashed names too, so that no page mixes versions."""

    support_js_module_import_aggregation = True


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """whitenoise, and the static files of releases: those here and those of earlier pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        following = pages.follower()
        self.releases = following.static if following else None
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        url = request.path_info
        if self.releases and url.startswith(self.static_prefix) and url not in self.files:
            try:
                path = self.releases.path(url.removeprefix(self.static_prefix))
            except StoreUnavailable:
                return errors.unavailable(request)
            if path is not None:
                self.files[url] = self.get_static_file(path, url)
        response: HttpResponse = super().__call__(request)
        return response

    def immutable_file_test(self, path: str, url: str) -> bool:
        """A release's static file is named after its content, also when no page knows it now."""
        of_a_release = self.releases is not None and self.releases.has(path)
        return of_a_release or bool(super().immutable_file_test(path, url))
