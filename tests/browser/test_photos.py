"""Photos from a phone: made small before they are sent, and seen before that."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dispatch.domain.job import Crew, Job
from dispatch.domain.visit.photo import Kind, Photo
from tests.browser.conftest import Window
from tests.browser.site import Site, open_drawer
from tests.browser.test_phone import PHONE, sideways
from tests.making import BUSINESS
from tests.photos.pictures import exif, opened, scene, written

pytestmark = pytest.mark.long
CAMERA = [
    {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": written(scene(4000, 3000))},
    {
        "name": "IMG_2.jpg",
        "mimeType": "image/jpeg",
        "buffer": written(scene(4000, 3000), exif=exif(6)),
    },
    {"name": "Screen.png", "mimeType": "image/png", "buffer": written(scene(900, 700), "PNG")},
]
SIZES = """async (input) => Promise.all([...input.files].map(async (file) => {
  const picture = await createImageBitmap(file);
  return `${file.name} ${file.type} ${picture.width}x${picture.height}`;
}))"""


def photos_of(page: Page, job: Job) -> Page:
    """The drawer's own page, with its photos unfolded."""
    page.goto(f"/dashboard/jobs/{job.id}")
    page.locator("details.photos summary").click()
    return page


def files_of(site: Site) -> list[Path]:
    return sorted((site.folder / "media").rglob("*.jpg"))


def test_three_from_the_camera_are_made_small_and_shown(window: Window, site: Site) -> None:
    job, before = site.job(crew=Crew(driver="joel")), len(files_of(site))
    phone = photos_of(window("joel", **PHONE), job)
    chosen = phone.get_by_label("Take or choose photos")
    assert chosen.get_attribute("accept") == "image/jpeg,image/png"
    chosen.set_input_files(CAMERA)
    expect(phone.locator(".previews img")).to_have_count(3)
    assert chosen.evaluate(SIZES) == [
        "IMG_1.jpg image/jpeg 1600x1200",
        "IMG_2.jpg image/jpeg 1200x1600",
        "Screen.jpg image/jpeg 900x700",
    ]
    assert sideways(phone) <= 0
    phone.get_by_label("Problem").check()
    phone.get_by_role("button", name="Send the photos").tap()
    expect(phone.get_by_text("3 photos added: Problem.")).to_be_visible()
    kept = site.stored(job).photos
    assert [(photo.kind, photo.by) for photo in kept] == [(Kind.PROBLEM, "joel")] * 3
    assert len(files_of(site)) == before + 3

    phone.locator("details.photos summary").tap()
    album = phone.locator(".album img")
    expect(album).to_have_count(3)
    for place in range(3):
        album.nth(place).scroll_into_view_if_needed()
        expect(album.nth(place)).to_have_js_property("complete", True)
        assert album.nth(place).evaluate("(image) => image.naturalWidth") > 0
    assert sideways(phone) <= 0
    sizes = {opened(path.read_bytes()).size for path in files_of(site)[before:]}
    assert sizes == {(1600, 1200), (1200, 1600), (900, 700)}


def test_what_is_sent_at_once_waits_until_all_are_small(window: Window, site: Site) -> None:
    """As a page does that sends them as soon as they are chosen."""
    job = site.job(crew=Crew(driver="joel"))
    phone = photos_of(window("joel", **PHONE), job)
    form = phone.locator(".photo-form")
    with phone.expect_request("**/photos") as sending:
        form.evaluate(
            """(form) => form.addEventListener("change", () => {
              form.requestSubmit();
              form.requestSubmit();
            })"""
        )
        phone.get_by_label("Take or choose photos").set_input_files(CAMERA)
    assert int(sending.value.all_headers()["content-length"]) < 200_000
    expect(phone.get_by_text("3 photos added: Before.")).to_be_visible()
    assert len(site.stored(job).photos) == 3


def test_the_drawer_over_the_board_sends_them_too(window: Window, site: Site) -> None:
    job = site.job(crew=Crew(driver="joel"))
    page = window("dana")
    page.goto("/dashboard/")
    drawer = open_drawer(page, job)
    drawer.locator("details.photos summary").click()
    drawer.get_by_label("Take or choose photos").set_input_files(CAMERA[:1])
    drawer.get_by_role("button", name="Send the photos").click()
    expect(drawer.locator(".said")).to_have_text("1 photo added: Before.")
    expect(drawer.locator("details.photos summary")).to_have_text("Photos (1)")
    assert [photo.by for photo in site.stored(job).photos] == ["dana"]


def test_what_the_browser_cannot_read_the_server_judges(window: Window, site: Site) -> None:
    job = site.job(crew=Crew(driver="joel"))
    phone = photos_of(window("joel", **PHONE), job)
    heic = {"name": "IMG_3.heic", "mimeType": "image/heic", "buffer": b"\0\0\0\x18ftypheic"}
    phone.get_by_label("Take or choose photos").set_input_files([CAMERA[0], heic])
    expect(phone.locator(".previews img")).to_have_count(2)
    phone.get_by_role("button", name="Send the photos").tap()
    said = "1 photo added: Before. IMG_3.heic: that is no JPEG or PNG picture, or a damaged one."
    expect(phone.get_by_text(said)).to_be_visible()
    assert len(site.stored(job).photos) == 1


def test_a_page_that_was_left_asks_for_the_photos_again(window: Window, site: Site) -> None:
    """No page can fill in a file by itself; what else was chosen is there."""
    job = site.job(crew=Crew(driver="joel"))
    phone = photos_of(window("joel", **PHONE), job)
    phone.get_by_label("Problem").check()
    phone.get_by_label("Take or choose photos").set_input_files(CAMERA[:1])
    expect(phone.locator(".previews img")).to_have_count(1)
    phone.goto("/dashboard/account/")
    phone.go_back()
    expect(phone.get_by_label("Problem")).to_be_checked()
    expect(phone.locator("details.photos")).to_have_attribute("open", "")


def test_without_a_script_they_are_made_small_by_us(window: Window, site: Site) -> None:
    job = site.job(crew=Crew(driver="joel"))
    phone = photos_of(window("joel", java_script_enabled=False, **PHONE), job)
    phone.get_by_label("Take or choose photos").set_input_files(CAMERA)
    phone.get_by_role("button", name="Send the photos").tap()
    expect(phone.get_by_text("3 photos added: Before.")).to_be_visible()
    assert len(site.stored(job).photos) == 3


def test_the_customer_sees_what_was_done(window: Window, site: Site) -> None:
    job = site.job(crew=Crew(driver="joel"))
    phone = photos_of(window("joel", **PHONE), job)
    phone.get_by_label("After", exact=True).check()
    phone.get_by_label("Take or choose photos").set_input_files(CAMERA[:2])
    phone.get_by_role("button", name="Send the photos").tap()
    expect(phone.get_by_text("2 photos added: After.")).to_be_visible()
    customer = window(**PHONE)
    customer.goto(f"/track/{job.tracking_token}")
    picture = customer.get_by_alt_text("After, photo 1 of 2")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(image) => image.naturalWidth") == 1600
    assert sideways(customer) <= 0


def test_a_button_is_as_large_as_a_thumb(window: Window, site: Site) -> None:
    old = (Photo(id="x", at=site.now(), by="joel"),)
    job = site.job(crew=Crew(driver="joel"), photos=old)
    phone = photos_of(window("joel", **PHONE), job)
    for control in (".photo-form .choice", ".photo-pick", ".photo-form button"):
        for each in phone.locator(control).all():
            box = each.bounding_box()
            assert box
            assert box["height"] >= 48, control


def test_what_could_not_be_done_has_its_photo_at_hand(window: Window, site: Site) -> None:
    today = BUSINESS.windows[0].on(BUSINESS.today(site.now()))
    job = site.job(window=today, crew=Crew(driver="joel"))
    phone = window("joel", **PHONE)
    phone.goto(f"/dashboard/day/?at={job.id}")
    phone.locator(f"#job-{job.id}").get_by_role("button", name="More").tap()
    phone.locator(f"#more-{job.id}").get_by_role("button", name="Could not do it…").tap()
    sheet = phone.locator(f"#could-not-{job.id}")
    sheet.get_by_label("No access").check()
    sheet.get_by_role("button", name="Photos").tap()
    photos = phone.locator(f"#photos-{job.id}")
    photos.get_by_role("button", name="Close").tap()
    expect(photos).to_be_hidden()
    expect(sheet.get_by_label("No access")).to_be_checked()
    sheet.get_by_role("button", name="Give it back").tap()
    expect(phone.locator(f"#job-{job.id} .said")).to_contain_text("No access")
