"""Django's face of a crew member. There is no table: the roster is the truth."""

from functools import cache

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.crypto import salted_hmac

from dispatch.domain.permissions import Actor, Permission, Rank
from dispatch.domain.roster import Member


class CrewUser(AbstractBaseUser):
    """A member of one business's roster, as Django's auth wants to see one.

    The key names the business too, so that no session of one is ever valid at another.
    """

    key = models.CharField(max_length=100, primary_key=True)
    username = models.CharField(max_length=32)
    last_login = None

    USERNAME_FIELD = "key"
    member: Member
    business_slug: str

    class Meta:
        managed = False

    @classmethod
    def of(cls, member: Member, business_slug: str) -> "CrewUser":
        user = cls(
            key=f"{business_slug}:{member.username}",
            username=member.username,
            password=member.password,
        )
        user.member, user.business_slug = member, business_slug
        return user

    @property
    def rank(self) -> Rank:
        return self.member.rank

    @property
    def actor(self) -> Actor:
        return self.member.actor

    @property
    def may(self) -> dict[str, bool]:
        """Every permission by its small name, for templates: `{% if user.may.edit %}`."""
        return _may(self.rank)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Ends every session when the password or the member's epoch changes."""
        held = f"{self.member.password}:{self.member.epoch}"
        return salted_hmac("dispatch.CrewUser", held, secret=secret, algorithm="sha256").hexdigest()


@cache
def _may(rank: Rank) -> dict[str, bool]:
    """One for each rank: the schedule of 200 jobs asks 450 times, which took a fifth of it."""
    return {each.name.lower(): rank in each.ranks for each in Permission}
