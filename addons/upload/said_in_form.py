"""What a form must say before anybody looks at its file: action, protocol, name, digests (UPL-02, UPL-03, UPL-05). Pure."""

import json

from addons.simple.names import InvalidName, ProjectName, normalise
from addons.upload.asking import Upload
from addons.upload.formed import Form, Spooled
from addons.upload.refusal import UploadRefused

_OLD = {
    "submit": "Project pre-registration is no longer required or supported, upload your files instead.",
    "submit_pkg_info": "Project pre-registration is no longer required or supported, upload your files instead.",
    "doc_upload": "Uploading documentation is no longer supported, we recommend using a host for documentation.",
}
_DIGESTS = {"md5_digest": "md5", "sha256_digest": "sha256", "blake2_256_digest": "blake2b_256"}
UNPUBLISHED = "The attestations were let be: this gateway publishes no provenance of own files."


def check_query(asked: Upload) -> None:
    """Refuse what the query alone forbids. Raises UploadRefused."""
    if asked.action is not None:
        _check_action(asked.action)
    _check_protocol(asked.protocol_version)


def check_protocol(form: Form, asked: Upload) -> None:
    """Look at the action and the version of the protocol, which the form or the query may say. Raises UploadRefused."""
    for name, elsewhere in ((":action", asked.action), ("protocol_version", asked.protocol_version)):
        said = form.one(name)
        if said is not None and elsewhere is not None and said != elsewhere:
            raise UploadRefused(400, "form", f"Invalid value for {name}. Error: form and query say two things.")
    _check_action(form.one(":action") or asked.action)
    _check_protocol(form.one("protocol_version") or asked.protocol_version)


def _check_action(action: str | None) -> None:
    if action in _OLD:
        raise UploadRefused(410, "action", _OLD[action])
    if action != "file_upload":
        what = "no :action" if action is None else f"the :action {ascii(action)[:80]}"
        raise UploadRefused(405, "action", f"An upload has the :action 'file_upload', and this one has {what}.")


def _check_protocol(version: str | None) -> None:
    if version not in (None, "1"):
        raise UploadRefused(400, "protocol", "Unknown protocol version.")


def project_of(form: Form) -> tuple[str, ProjectName]:
    """Give the project's name as it was written, and normalised. Raises UploadRefused."""
    written = form.one("name")
    if written is None:
        raise UploadRefused(400, "form", "Invalid value for name. Error: This field is required.")
    try:
        return written, normalise(written)
    except InvalidName:
        raise UploadRefused(400, "name", f"The name {ascii(written)[:100]} is invalid.") from None


def check_digests(form: Form, spooled: Spooled) -> None:
    """Compare every digest that the form gives with that of the file; at least one is given. Raises UploadRefused."""
    given = {field: value for field in _DIGESTS if (value := form.one(field)) is not None}
    if not given:
        raise UploadRefused(400, "digest", "Error: Include at least one message digest.")
    wrong = [field for field, value in given.items() if value.lower() != getattr(spooled, _DIGESTS[field])]
    if wrong:
        words = "The digest supplied does not match a digest calculated from the uploaded file."
        raise UploadRefused(400, "digest", words, *(f"{field} is another." for field in wrong))


def warnings_of(form: Form) -> tuple[str, ...]:
    """Look at the attestations (UPL-28), and give what is to be said of them. Raises UploadRefused."""
    written = form.one("attestations")
    if written is None:
        return ()
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found:
        why = "an empty array" if found == [] else "no JSON array"
        raise UploadRefused(400, "attestations", f"Invalid attestations supplied during upload: they are {why}.")
    return (UNPUBLISHED,)
