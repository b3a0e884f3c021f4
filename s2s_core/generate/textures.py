"""The table of procedural textures: what each is, and the words that call for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import creatures, things, weather
from .loop import Loop


@dataclass(frozen=True)
class Texture:
    """A sound by recipe: `draw(loop)` gives float32 [samples].

    `words` call for it in a prompt. Each stands for itself and its plural in s; with a star, for every word that begins
    with it; with a hyphen, for the words in a row ("coffee shop").
    """

    draw: Callable[[Loop], np.ndarray]
    summary: str
    words: str


TEXTURES = {
    "wind": Texture(
        weather.wind,
        "gusts of low noise, in which narrow bands howl",
        "wind windy gust* breez* storm* blizzard* sky skies cloud* mountain* hill desert* dune snow* cliff kite "
        "sail* flag",
    ),
    "rain": Texture(
        weather.rain,
        "a hiss, a dense patter, a few fat drops",
        "rain rainy raining rainfall rainstorm* drizzl* downpour* shower* umbrella* puddle drip* droplet*",
    ),
    "thunder": Texture(
        weather.thunder,
        "claps that crack and roll, over distant rain",
        "thunder* lightning explosion* explod* blast* bomb* cannon* firework*",
    ),
    "stream": Texture(
        weather.stream,
        "a babble of rising bubbles",
        "stream* river* brook creek* water* fountain* pond* canal* pour* tap sink aquarium* fish swim* pool lake*",
    ),
    "surf": Texture(
        weather.surf,
        "waves that gather, break and drain, one in nine seconds",
        "surf* wave sea seas seaside* ocean* beach* shore* coast* tide* bay harbour* harbor* boat* ship",
    ),
    "fire": Texture(
        weather.fire,
        "fluttering flames and crackle",
        "fire fireplace* flame* burn* campfire* bonfire* candle* torch* crackl* ember* sizzl* grill* barbecue* "
        "volcan* lava",
    ),
    "leaves": Texture(
        weather.leaves,
        "a rustle that comes with each breath of air",
        "leaf* leaves tree* forest* wood woodland* bush* grass* rustl* plant* flower* garden* meadow* field* "
        "jungle* bamboo*",
    ),
    "birds": Texture(
        creatures.birds,
        "phrases of gliding whistles over faint leaves",
        "bird* chirp* tweet* twitter* songbird* robin sparrow* finch* parrot* park dawn nest feather*",
    ),
    "crickets": Texture(
        creatures.crickets,
        "trills at a few fixed, high pitches",
        "cricket* insect* cicada* grasshopper* bug bee night* evening* dusk* frog* summer*",
    ),
    "cat": Texture(
        creatures.cat,
        "purring, in and out with the breath",
        "cat kitten* kitty feline* purr* tabby lion tiger*",
    ),
    "dog": Texture(
        creatures.dog,
        "barks, two or three together",
        "dog doggy puppy puppies bark* canine* hound* wolf* wolves woof* fox foxes",
    ),
    "voice": Texture(
        creatures.voice,
        "one voice that speaks no language",
        "voice* speech* speak* talk* man men woman women person* boy girl child* baby babies face portrait* lady "
        "ladies sing singing singer* laugh* whisper* officer* soldier* teacher*",
    ),
    "crowd": Texture(
        creatures.crowd,
        "a dozen such voices over a murmur",
        "crowd* people audience* murmur* chatter* babble* cafe coffee-shop restaurant* bar pub party parties "
        "market* cheer* applau* stadium* concert* conversation* group* classroom*",
    ),
    "breath": Texture(
        creatures.breath,
        "breathing close by, as in a helmet",
        "breath* astronaut* spacesuit* space-suit helmet* diver diving scuba* sleep* snor* panting sigh sighing",
    ),
    "footsteps": Texture(
        creatures.footsteps,
        "a walk, 1.8 steps a second",
        "footstep* step stepping walk* foot feet shoe* boot pedestrian* stair* hiker* hiking march* runner* jogg* "
        "corridor* pavement* sidewalk*",
    ),
    "traffic": Texture(
        things.traffic,
        "the rumble of a town, and vehicles that pass",
        "traffic* car road* street* city cities town* highway* motorway* bus buses taxi* truck* lorry lorries "
        "vehicle* urban tram train railway* bridge*",
    ),
    "engine": Texture(
        things.engine,
        "a four-stroke motor idling",
        "engine* motor* moped* scooter* tractor* diesel* idling generator* mower* lawnmower* chainsaw* "
        "helicopter* propeller*",
    ),
    "rocket": Texture(
        things.rocket,
        "a wall of low noise that crackles",
        "rocket* launch* roar* jet missile* shuttle* spacecraft* spaceship* turbine* thrust* plane airplane* "
        "aeroplane* aircraft* lift-off liftoff*",
    ),
    "hum": Texture(
        things.hum,
        "harmonics of 50 Hz and a fan",
        "hum humming buzz* machine* factory factories transformer* fridge* refrigerator* fan computer* server* "
        "electric* neon* drone* power-plant engine-room tower* antenna* laptop* screen* monitor*",
    ),
    "room tone": Texture(
        things.room,
        "soft low noise, and a little ventilation",
        "room-tone room indoor* interior* office* kitchen* bedroom* hall hallway* house* home wall* quiet* silen* "
        "ambien* library libraries museum* studio* table chair* sofa* floor* background*",
    ),
    "bell": Texture(
        things.bell,
        "a church bell, struck every 2.5 seconds",
        "bell chime* chiming church* cathedral* temple* pagoda* gong* ring ringing toll* clang* steeple*",
    ),
    "cup": Texture(
        things.cup,
        "a spoon on porcelain in a quiet room",
        "cup mug* coffee* tea teapot* teacup* saucer* glass* cutlery spoon* fork knife knives plate dish* bowl* "
        "bottle* clink* porcelain* crockery* breakfast* dinner*",
    ),
    "clock": Texture(
        things.clock,
        "a clock, two ticks a second",
        "clock* watch watches wristwatch* tick ticking timer* metronome* pendulum*",
    ),
}
