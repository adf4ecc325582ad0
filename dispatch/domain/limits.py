"""How long and how much what people type may be, in the forms and in the API alike."""

from decimal import Decimal

LONGEST = {  # characters, of a job's fields
    "customer_name": 120,
    "phone": 40,
    "email": 254,
    "location": 300,
    "load": 32,
    "access_notes": 1000,
    "truck": 40,
}
LONGEST_NAME = 32  # of a member, a window
LONGEST_NOTE = 2000
LONGEST_REASON = 500
MOST_PRICE = Decimal(99_999)  # in the business's currency
