//! English phrases of effect.

use super::{Claim, Table};

pub const TABLE: Table = Table {
    phrases: &[
        (
            Claim::Deed,
            &[
                "went|gone ahead and",
                "you've|you ?have been added|booked|scheduled|put|placed|moved|registered|removed",
                "i've|we've|i|we ?have|just|already|now|also ?already|just|gone|now ?ahead ?and booked|scheduled|reserved|confirmed|cancelled|canceled|moved|rescheduled|changed|removed|held|saved|secured|blocked|penciled|pencilled|arranged|deleted|made|added|put|sent|notified|told|informed|squeezed|registered",
                "i've|we've|i|we have let|let ~2 know",
                "i've|we've let ~2 know",
                "i|we ?just|already|also let ~3 know",
                "got you ?all down|in|set|booked",
                "gone|went ahead and booked|scheduled|reserved|cancelled|canceled|moved",
                "put|penciled|pencilled|squeezed you in|down",
                "booked|scheduled|slotted you in|for",
            ],
        ),
        (
            Claim::Promise,
            &[
                "i'll|we'll|i|we ?will|shall ?go|just|now ?ahead ?and book|schedule|reserve|cancel|move|confirm|reschedule|put|pencil|hold|add|secure|arrange|save",
                "i'm|we're|am|are ?now|just|going ?to booking|scheduling|reserving|cancelling|canceling|moving|rescheduling|confirming|putting|holding|keeping|saving|swapping|book|schedule|reserve|cancel|move|confirm",
                "let me ?just|go ?ahead ?and book|schedule|reserve|cancel|move|confirm|reschedule|put",
            ],
        ),
        (
            Claim::Stands,
            &[
                "booked|scheduled|reserved|confirmed|penciled|pencilled",
                "all set ?for",
                "locked in",
                "spot|slot|time|appointment|booking|seat ~2 secured|held|saved|guaranteed|made|created|set|done|complete*",
                "am|pm|o'clock|time|slot|spot|that's|it's|is|are ?all yours",
                "you have|you've ?now|got an|your appointment|booking",
                "you're|you ?are ?now|all down for|in",
                "it's|that's|is|are on the|our|my calendar|schedule|books",
                "consider it|yourself|that done|booked",
                "has|have your name on",
                "knows ?that you're|you|you'll",
                "has|have been told|informed|notified",
                "on its|the way ?to you",
                "booking ?is|was|has complete*|successful*|made|done",
            ],
        ),
        (
            Claim::Gone,
            &[
                "removed|deleted|dropped|erased|wiped|voided",
                "cancelled|canceled|rescheduled",
                "called off",
                "took|taken|take you off",
                "appointment|booking|reservation ~2 gone",
                "cancellation|change|move|reschedule ?is|was|has complete*|successful*|done|made|confirmed|processed",
                "has|have|was|is ?been|now moved|changed|removed|deleted|cancelled|canceled",
                "no longer have",
                "your slot|spot|appointment|place|time|booking ~3 freed|released|free|open ?up|again",
            ],
        ),
        (
            Claim::Parting,
            &[
                "ready|waiting for you",
                "see you",
                "you're",
                "you are",
                "have|got|we've you",
                "have ~1 you ?at|on|for|down",
                "is|are|it's set for",
                "seeing you",
                "expect|expecting you",
                "until tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
            ],
        ),
        (Claim::Until, &["see you then|there", "until then"]),
        (
            Claim::Done,
            &[
                "done|sorted|finished",
                "done and done",
                "all|it's|that's|and|consider done|sorted|set",
                "consider it done",
            ],
        ),
        (Claim::Agreed, &["great|perfect|deal|okay|ok|alright|awesome|wonderful|excellent|done|good|fine"]),
    ],
};
