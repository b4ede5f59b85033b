"""The routes of the pages for people, with the files they load and the login that they need."""

from typing import Final

from .api.request_bodies import NoBody, SignIn
from .api.shapes import responses
from .pages import dashboard, docs, sign_in
from .route import API, Media, Route
from .web.errors import Unauthorized
from .web.logins.cookie import NothingToSignIn

PAGE: Final = Media("text/html", "A page for people.", for_people=True)
ASSET: Final = Media("*/*", "A file of a page.", for_people=True)
DOCUMENT: Final = Media("application/json", "An OpenAPI 3.1 document.")

PAGE_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        f"{API}/login",
        sign_in.sign_in,
        responses.SignedIn,
        SignIn,
        tag="System",
        needs="open",
        errors=(Unauthorized, NothingToSignIn),
    ),
    Route("POST", f"{API}/logout", sign_in.sign_out, responses.Done, NoBody, tag="System", needs="open"),
    Route("GET", "/", dashboard.dashboard, PAGE, tag="System", needs="open"),
    Route(
        "GET",
        "/dashboard/{part}",
        dashboard.dashboard_part,
        ASSET,
        tag="System",
        needs="open",
        errors=(dashboard.PartNotFound,),
    ),
    Route("GET", "/openapi.json", docs.openapi_document, DOCUMENT, tag="System", needs="open"),
    Route("GET", "/docs", docs.docs_page, PAGE, tag="System", needs="open"),
    Route(
        "GET",
        "/docs/{asset}",
        docs.docs_asset,
        ASSET,
        tag="System",
        needs="open",
        errors=(docs.AssetNotFound,),
    ),
)
