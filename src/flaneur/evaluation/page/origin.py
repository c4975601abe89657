"""A report in; what was measured, on what, and by which command, out."""

from __future__ import annotations

from html import escape

from flaneur.evaluation.phrases import percent, unread
from flaneur.evaluation.report import Report

_PARTS_OF_A_MODEL = (
    "the encoder (here also: the network) turns a photo into some hundred numbers; the head, a small last part, turns "
    "these into a city, and can be learnt anew within seconds"
)


def origin_list(report: Report) -> str:
    """Model, dataset, split and audit as a list of terms."""
    origin = report.origin
    seen = {True: "yes, trained on its train part", False: "no: trained on these photos by another split", None: ""}
    known = {
        "Model": f"{origin.model} {origin.model_version}, made {origin.model_created}",
        "Trained on": origin.trained_on,
        "Dataset": f"{origin.dataset}, content {origin.content_hash[:16]}",
        "Split": f"{origin.split}/{origin.part}, {origin.split_hash[:16]}" if origin.split_hash else "none, all photos",
        "Model’s own split": seen[origin.same_split],
        "By a random split": _flattery(origin.random_split),
        "Licences": ", ".join(report.licences),
        "Limits, by its card": " ".join(report.limits),
        "Unknown cities": ", ".join(report.novelty.cities) if report.novelty else "",
        "Not readable": unread(report.known.failed, 20) if report.known.failed else "",
        "Intervals": "95 %, 1,000 resamples of whole places; shares reckon with places that were not seen",
        "Encoder, head": _PARTS_OF_A_MODEL,
    }
    rows = [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in known.items() if text]
    return "".join(rows) + _audit(origin.audit)


def _flattery(found: object) -> str:
    """What a random split of the same photos would have said, where ``flaneur dataset audit`` stored it."""
    if not isinstance(found, dict):
        return ""
    honest, random = (percent(found[key]["value"], 1) for key in ("honest_accuracy", "random_accuracy"))
    return f"a head would seem right for {random} of the photos, by this split for {honest}"


def _audit(audit: object) -> str:
    """What the audit stored, but for its table of counts."""
    if not isinstance(audit, dict) or not audit:
        return ""
    facts = [
        "no leak found" if audit.get("ok") else "it leaks",
        *audit.get("violations", []),
        *audit.get("warnings", []),
    ]
    nearest = {pair: metres for pair, metres in audit.get("nearest_m", {}).items() if metres is not None}
    apart = [f"{pair.replace('-', ' and ')} {metres:,.0f} m" for pair, metres in nearest.items()]
    facts += [f"nearest photos of {', '.join(apart)} apart"] if apart else []
    return f"<dt>Audit of the split</dt><dd>{escape('; '.join(facts))}</dd>"
